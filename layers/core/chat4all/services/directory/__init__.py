"""People and conversations."""
