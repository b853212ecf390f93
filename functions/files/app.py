"""Lambda: files are fetched, inspected, and made ready, rejected or quarantined."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.files import handler as wire

    handler = wire()
