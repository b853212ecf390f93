"""Lambda: the providers webhooks, answered with 200 only when their bytes are stored."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.webhooks import handler as wire

    handler = wire()
