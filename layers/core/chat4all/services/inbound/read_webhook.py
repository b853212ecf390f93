"""Read a stored webhook as the provider sent it."""

from chat4all.domain.clock import Clock
from chat4all.domain.errors import WebhookNotFound
from chat4all.domain.webhooks import StoredWebhook, WebhookId
from chat4all.services.inbound.ports import Webhooks


class ReadWebhook:
    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    def __call__(self, webhook_id: str) -> StoredWebhook:
        """Return the webhook of this id.

        Raises:
            WebhookNotFound: no such webhook, or it has expired. DynamoDB removes expired rows days later.
        """
        place = WebhookId.parse(webhook_id)
        webhook = self._webhooks.get(place) if place is not None else None
        if webhook is None or webhook.expires_at <= self._clock().timestamp():
            raise WebhookNotFound("There is no such webhook, or it has expired.")
        return webhook
