"""2 GiB through the upload client beside boto3's TransferManager, and what an upload that is killed sends again."""
