"""The use cases of files, from the first upload part to the expiry."""
