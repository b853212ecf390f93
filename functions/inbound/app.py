"""The `inbound` function: turns webhook events into messages, edits and status updates."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.inbound import handler as wire

    handler = wire()
