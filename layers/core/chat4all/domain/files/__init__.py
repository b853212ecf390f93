"""Files: what they are, how they are recognized, what is refused."""
