"""Import and initialization of every function, beside a bare process that makes two boto3 clients."""
