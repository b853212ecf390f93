"""Replay stored webhooks: handle their events once more.

A replay duplicates nothing: a message is known by its provider's id, and a status only moves forward. The
signature was checked when the webhook arrived, and is not checked again.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.webhooks import KEEP, Arrivals, WebhookId
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.inbound.webhook_events import webhook_parts
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Secrets


class RefusedWebhook(msgspec.Struct, frozen=True):
    """A webhook that could not be replayed; it stays stored."""

    webhook_id: str
    issue: str


class Replayed(msgspec.Struct, frozen=True):
    """The result of one request.

    `next_cursor` is set if more webhooks arrived in the requested time.
    """

    replayed: int
    events: int
    refused: tuple[RefusedWebhook, ...]
    next_cursor: str | None = None


class ReplayWebhooks:
    def __init__(
        self,
        *,
        connector: Callable[[str], Connector | None],
        naming_accounts: Collection[str],
        webhooks: Webhooks,
        handle: HandleEvents,
        keep_outcome: KeepOutcome,
        secrets: Secrets,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._connector = connector
        self._naming_accounts = naming_accounts
        self._webhooks = webhooks
        self._handle = handle
        self._keep_outcome = keep_outcome
        self._secrets = secrets
        self._clock = clock
        self._new_id = new_id

    def arrived(
        self, channels: tuple[str, ...], since: str | None, until: str | None, cursor: str | None, limit: int
    ) -> Replayed:
        """Replay at most `limit` of the webhooks that arrived then, in the order of arrival.

        Without `since` and `until`, replay all that are stored. An answer may have replayed no webhook, and
        have a cursor all the same.

        Raises:
            Invalid: the cursor is not valid.
            Unavailable: not all events were handled; the same request may be repeated.
        """
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        now = self._clock()
        stored_since = iso(now - KEEP)
        arrivals = Arrivals(channels, max(since or stored_since, stored_since), until or iso(now))
        found = self._webhooks.arrived(arrivals, after, limit)
        replayed = self([str(webhook_id) for webhook_id in found.webhook_ids])
        more = encode_cursor(found.cursor) if found.cursor is not None else None
        return msgspec.structs.replace(replayed, next_cursor=more)

    def __call__(self, webhook_ids: Sequence[str]) -> Replayed:
        """Replay the named webhooks in the given order; raises Unavailable."""
        # SQS drops an event whose id it saw in the last five minutes. So the events of each replay have
        # ids of their own.
        replay = self._new_id()
        outcomes = [self._replay(webhook_id, replay) for webhook_id in dict.fromkeys(webhook_ids)]
        return Replayed(
            replayed=sum(isinstance(outcome, int) for outcome in outcomes),
            events=sum(outcome for outcome in outcomes if isinstance(outcome, int)),
            refused=tuple(outcome for outcome in outcomes if isinstance(outcome, RefusedWebhook)),
        )

    def _replay(self, webhook_id: str, replay: str) -> int | RefusedWebhook:
        """Handle the events of a webhook; return their number."""
        place = WebhookId.parse(webhook_id)
        webhook = self._webhooks.get(place) if place is not None else None
        if place is None or webhook is None:
            return RefusedWebhook(webhook_id, "is not stored, or has expired")
        connector = self._connector(place.channel)
        if connector is None:
            return RefusedWebhook(webhook_id, f"belongs to the channel {place.channel}, which does not exist")
        secrets = self._secrets.every(place.channel)
        if place.account not in secrets:
            return RefusedWebhook(
                webhook_id,
                f"belongs to the account {place.account}, which the channel {place.channel} does not have",
            )
        names_accounts = place.channel in self._naming_accounts
        parts = webhook_parts(
            webhook, connector, secrets, self._clock(), replay, names_accounts=names_accounts
        )
        self._handle(parts.events)
        self._keep_outcome.replayed(webhook, parts)
        if parts.unreadable is not None:
            return RefusedWebhook(webhook_id, parts.unreadable)
        return len(parts.events)
