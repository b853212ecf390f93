"""The port of the use cases of inbound webhooks."""

from typing import Protocol

import msgspec

from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import Arrivals, StoredWebhook, WebhookId


class Arrived(msgspec.Struct, frozen=True):
    """Webhooks in the order of arrival; perhaps none. More may follow after `cursor`, if it is set."""

    webhook_ids: tuple[WebhookId, ...]
    cursor: TimeCursor | None


class Webhooks(Protocol):
    def store(self, webhook: StoredWebhook) -> None:
        """Store the webhook, durably when it returns; storing it again changes nothing."""
        ...

    def get(self, webhook_id: WebhookId) -> StoredWebhook | None: ...

    def arrived(self, arrivals: Arrivals, after: TimeCursor | None, limit: int) -> Arrived:
        """Return at most `limit` of the webhooks that arrived then, the first arrived first.

        A call reads a limited number of hours. So it may return a cursor although it found no webhook.
        """
        ...
