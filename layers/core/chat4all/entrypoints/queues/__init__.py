"""Batches of a queue or a stream, a record at a time."""
