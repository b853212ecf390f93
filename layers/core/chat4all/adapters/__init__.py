"""The adapters of AWS's tables, queues, streams, buckets and secrets, and of the malware scanners."""
