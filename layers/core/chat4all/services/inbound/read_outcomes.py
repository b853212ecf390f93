"""List the stored webhooks that have an outcome, the latest arrived first."""

from chat4all.domain.clock import Clock, iso
from chat4all.domain.pages import Page, TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.webhooks import KEEP, ListedWebhook, OutcomeQuery, WebhookOutcome
from chat4all.services.inbound.ports import ListedWebhooks


class ReadOutcomes:
    def __init__(self, listed: ListedWebhooks, clock: Clock) -> None:
        self._listed = listed
        self._clock = clock

    def __call__(
        self,
        outcome: WebhookOutcome,
        channels: tuple[str, ...],
        cursor: str | None,
        limit: int,
        *,
        since: str | None,
        until: str | None,
    ) -> Page[ListedWebhook]:
        """Return a page of the webhooks that are still stored; raises Invalid if the cursor is not valid."""
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        now = self._clock()
        stored_since = iso(now - KEEP)
        query = OutcomeQuery(outcome, channels, max(since or stored_since, stored_since), until or iso(now))
        found = self._listed.listing(query, after, limit + 1)
        shown = tuple(found[:limit])
        return Page(shown, encode_cursor(_cursor(shown[-1])) if len(found) > limit else None)


def _cursor(last: ListedWebhook) -> TimeCursor:
    return TimeCursor(last.webhook_id.received_at, str(last.webhook_id))
