"""The queues and streams between the functions."""
