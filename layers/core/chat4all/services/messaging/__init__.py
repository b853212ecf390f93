"""The use cases of a message, from its acceptance to its last status."""
