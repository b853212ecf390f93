"""The `status` function: records the statuses that other functions could not record."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.status import handler as wire

    handler = wire()
