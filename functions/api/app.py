"""Lambda: the public HTTP API."""

from chat4all.bootstrap.api import handler as wire

handler = wire()
