"""The use cases of the search of messages, people and notes."""
