"""What the use cases of inbound webhooks need of the world."""

from typing import Protocol

from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import Arrivals, StoredWebhook


class Webhooks(Protocol):
    def store(self, webhook: StoredWebhook) -> None:
        """Durable when it returns; the same webhook again changes nothing."""
        ...

    def get(self, webhook_id: str) -> StoredWebhook | None: ...

    def arrived(
        self, arrivals: Arrivals, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """(cursor, webhook_id), first arrived first."""
        ...
