"""The `batches` function: accepts the messages of batches at the pace of the channels."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.batches import handler as wire

    handler = wire()
