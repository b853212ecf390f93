"""The `inbound` function: turns what people wrote into messages and edits."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.inbound import handler as wire

    handler = wire()
