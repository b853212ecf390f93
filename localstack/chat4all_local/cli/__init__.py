"""The command line, `chat4all`: the local cloud, and the API in a terminal."""

from chat4all_local.cli.app import main

__all__ = ["main"]
