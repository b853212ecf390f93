"""The use cases of batches: one content for up to 10,000 recipients."""
