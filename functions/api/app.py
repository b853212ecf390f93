"""The `api` function: answers the public HTTP API."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.api import handler as wire

    handler = wire()
