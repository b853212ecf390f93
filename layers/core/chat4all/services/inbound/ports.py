"""The port of the use cases of inbound webhooks."""

from typing import Protocol

from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import Arrivals, StoredWebhook


class Webhooks(Protocol):
    def store(self, webhook: StoredWebhook) -> None:
        """Store the webhook, durably when it returns; storing it again changes nothing."""
        ...

    def get(self, webhook_id: str) -> StoredWebhook | None: ...

    def arrived(
        self, arrivals: Arrivals, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, webhook_id) of the webhooks that arrived then, the first arrived first."""
        ...
