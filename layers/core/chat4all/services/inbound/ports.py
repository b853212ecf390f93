"""The ports of the use cases of inbound webhooks."""

from typing import Protocol

import msgspec

from chat4all.domain.events import WebhookEvent
from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import (
    Arrivals,
    ListedWebhook,
    OutcomeQuery,
    StoredWebhook,
    WebhookId,
    WebhookOutcome,
)


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


class ListedWebhooks(Protocol):
    """The list of the webhooks that have an outcome. Each method raises Unavailable."""

    def put(self, webhook: ListedWebhook) -> None:
        """Add the webhook; adding it again replaces its entry for the same outcome."""
        ...

    def remove(self, webhook_id: WebhookId, outcome: WebhookOutcome) -> None:
        """Remove the webhook's entry for the outcome, if there is one."""
        ...

    def listing(self, query: OutcomeQuery, after: TimeCursor | None, limit: int) -> list[ListedWebhook]:
        """Return at most `limit` webhooks, the latest arrived first."""
        ...


class OutcomeLog(Protocol):
    """The log lines and metrics of webhooks that have an outcome."""

    def taken(self, webhook: ListedWebhook) -> None:
        """Log the webhook, and count its ignored parts by channel and kind."""
        ...

    def failed(self, webhook: ListedWebhook, fault: Exception) -> None:
        """Log where the channel's code failed on the webhook."""
        ...

    def not_listed(self, webhook: ListedWebhook) -> None:
        """Log that the webhook could not be added to the list, and count it."""
        ...


class ParkedEchoes(Protocol):
    def park(self, received: WebhookEvent, due_at: str, expires_at: int) -> None:
        """Keep the echo until `due_at`; parking it again postpones it. `expires_at` is in epoch seconds."""
        ...

    def due(self, now: str, limit: int) -> list[WebhookEvent]: ...

    def unpark(self, received: WebhookEvent) -> None: ...
