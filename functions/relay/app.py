"""The `relay` function, on a schedule: publishes unpublished events, and retries waiting records."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.relay import handler as wire

    handler = wire()
