"""The `relay` function, on a schedule: does the work that other functions left undone, and retries."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.relay import handler as wire

    handler = wire()
