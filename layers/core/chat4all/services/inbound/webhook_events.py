"""Turn a stored webhook into the events to publish, which are the same at its arrival and at a replay."""

from chat4all.domain.events import WebhookEvent
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.webhooks import StoredWebhook
from chat4all.services.messaging.connector import ChannelSecret, Connector


def webhook_events(
    webhook: StoredWebhook, connector: Connector, secret: ChannelSecret, replay: str | None = None
) -> list[WebhookEvent]:
    """Return the events of the webhook in its order; raises Invalid if its body cannot be parsed.

    Each event is within the limits and carries the channel account that received the webhook. `replay` is
    the id of the replay that publishes the events.
    """
    place = webhook.webhook_id
    return [
        WebhookEvent(place.channel, place.account, str(place), within_limits(event), replay)
        for event in connector.parse_webhook(webhook.body, secret, webhook.query)
    ]
