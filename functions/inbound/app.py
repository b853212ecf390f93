"""Lambda: what people wrote becomes messages, what providers report becomes status updates."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.inbound import handler as wire

    handler = wire()
