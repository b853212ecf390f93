"""Reading chat-events from a time on, once more: into the router, into a queue, or onto the terminal."""
