"""The `files` function: fetches and inspects files, and makes them ready, rejects or quarantines them."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.files import handler as wire

    handler = wire()
