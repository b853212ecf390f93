"""Connects MiniStack: `lambda_processes.ministack.functions.install()`, before MiniStack starts."""
