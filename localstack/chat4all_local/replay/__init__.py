"""Replay of chat-events of a time span: to the router, to a queue, or to the terminal."""
