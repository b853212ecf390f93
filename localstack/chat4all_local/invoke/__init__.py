"""Runs one handler once, as Lambda does: in the official runtime interface client, without a container."""
