"""What lies in S3: files, and the bodies of large webhooks."""
