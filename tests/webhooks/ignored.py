"""What counts as ignored of a webhook, asked where the webhook is read."""

from collections.abc import Collection

from chat4all.domain.errors import Invalid
from chat4all.domain.webhooks import StoredWebhook, WebhookId
from chat4all.services.inbound.webhook_events import webhook_parts
from chat4all.services.messaging.connector import ChannelSecret, Connector
from tests.webhooks.check import UNREADABLE


def kinds_ignored(channel: str, connector: Connector, secret: ChannelSecret, body: bytes) -> Collection[str]:
    """Return the kinds of the parts that led to no event; UNREADABLE for a body that is no webhook."""
    webhook = StoredWebhook(WebhookId(channel, "main", "now", "digest"), body, expires_at=0)
    try:
        return webhook_parts(webhook, connector, secret).ignored
    except Invalid:
        return {UNREADABLE}
