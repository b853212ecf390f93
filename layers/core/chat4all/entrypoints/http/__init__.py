"""The public HTTP API over chalice: a view parses, calls one service, and answers."""
