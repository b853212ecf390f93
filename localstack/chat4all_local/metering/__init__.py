"""Count the calls that functions make to AWS, and the units that DynamoDB charges for them."""
