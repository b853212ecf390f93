"""The function of a channel: delivers messages to the channel that the environment names."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.channel import handler as wire

    handler = wire()
