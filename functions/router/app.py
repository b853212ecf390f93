"""The `router` function: requests a delivery per recipient and channel for every accepted message."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.router import handler as wire

    handler = wire()
