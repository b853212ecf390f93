"""Replaying stored webhooks: their events are published once more.

Nothing is doubled by it: a text is known by its provider's id, a status only moves forward. The signature was checked when the
webhook came, and is not checked again.
"""

from collections.abc import Callable, Sequence

import msgspec

from chat4all.domain.clock import NewId
from chat4all.domain.errors import Invalid
from chat4all.domain.events import WebhookEvent
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.webhooks import Arrivals
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Events, Secrets


class RefusedWebhook(msgspec.Struct, frozen=True):
    """One that could not be replayed; it is kept all the same."""

    webhook_id: str
    issue: str


class Replayed(msgspec.Struct, frozen=True):
    """What one request did; `next_cursor` is there while more of them arrived in the time asked for."""

    replayed: int
    events: int
    refused: tuple[RefusedWebhook, ...]
    next_cursor: str | None = None


class ReplayWebhooks:
    def __init__(
        self,
        connector: Callable[[str], Connector | None],
        webhooks: Webhooks,
        events: Events,
        secrets: Secrets,
        new_id: NewId,
    ) -> None:
        self._connector = connector
        self._webhooks = webhooks
        self._events = events
        self._secrets = secrets
        self._new_id = new_id

    def arrived(self, arrivals: Arrivals, cursor: str | None, limit: int) -> Replayed:
        """At most `limit` of those that arrived then, in the order of arrival.

        Raises:
            Invalid: the cursor is none. Unavailable: not all were published; the same request may be repeated.
        """
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._webhooks.arrived(arrivals, after, limit + 1)
        replayed = self([webhook_id for _, webhook_id in found[:limit]])
        more = encode_cursor(found[limit - 1][0]) if len(found) > limit else None
        return msgspec.structs.replace(replayed, next_cursor=more)

    def __call__(self, webhook_ids: Sequence[str]) -> Replayed:
        """Those named, in the order named; raises Unavailable."""
        # SQS drops what it has seen in the last five minutes: each replay has names of its own.
        replay = self._new_id()
        counts = [self._replay(webhook_id, replay) for webhook_id in dict.fromkeys(webhook_ids)]
        return Replayed(
            replayed=sum(isinstance(one, int) for one in counts),
            events=sum(one for one in counts if isinstance(one, int)),
            refused=tuple(one for one in counts if isinstance(one, RefusedWebhook)),
        )

    def _replay(self, webhook_id: str, replay: str) -> int | RefusedWebhook:
        webhook = self._webhooks.get(webhook_id)
        if webhook is None:
            return RefusedWebhook(webhook_id, "is not stored, or no longer")
        connector = self._connector(webhook.channel)
        if connector is None:
            return RefusedWebhook(webhook_id, f"is of the channel {webhook.channel}, which there is not")
        try:
            secret = self._secrets.channel(webhook.channel)
            events = connector.parse_webhook(webhook.body, secret, webhook.query)
        except Invalid as refused:
            return RefusedWebhook(webhook_id, refused.message)
        if events:
            self._events.webhook_events(
                [WebhookEvent(webhook.channel, webhook_id, event, replay) for event in events]
            )
        return len(events)
