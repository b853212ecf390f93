"""Uploads of 2 GiB: the client beside boto3's TransferManager, and a client that is killed and resumes."""
