"""The `privacy` function: does what somebody asks about all that is stored of a person."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.privacy import handler as wire

    handler = wire()
