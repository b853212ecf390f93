"""The use cases of users and conversations."""
