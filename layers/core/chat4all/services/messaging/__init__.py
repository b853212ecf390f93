"""A message from its acceptance to its last status."""
