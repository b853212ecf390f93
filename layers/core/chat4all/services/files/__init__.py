"""Files from the first part to their end."""
