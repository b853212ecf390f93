"""The `webhooks` function: stores the providers' webhooks, records their statuses, and queues the rest."""

from chat4all.bootstrap.loading import loading

with loading():
    from chat4all.bootstrap.webhooks import handler as wire

    handler = wire()
