"""The `search` function, on the streams of tables and a schedule: keeps the index of words."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.search import handler as wire

    handler = wire()
