"""Lambda, on a schedule: publishes what was stored but not published, retries what waits."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.relay import handler as wire

    handler = wire()
