"""The `webhooks` function: stores the bytes of the providers' webhooks, and only then answers with 200."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.webhooks import handler as wire

    handler = wire()
