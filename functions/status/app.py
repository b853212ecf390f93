"""The `status` function: moves deliveries and messages forward."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.status import handler as wire

    handler = wire()
