"""Replay stored webhooks: publish their events once more.

A replay duplicates nothing: a message is known by its provider's id, and a status only moves forward. The
signature was checked when the webhook arrived, and is not checked again.
"""

from collections.abc import Callable, Sequence

import msgspec

from chat4all.domain.channel import ChannelAccounts
from chat4all.domain.clock import NewId
from chat4all.domain.errors import Invalid
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.webhooks import Arrivals
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.inbound.webhook_events import webhook_events
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Events, Secrets


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
        accounts: ChannelAccounts,
        webhooks: Webhooks,
        events: Events,
        secrets: Secrets,
        new_id: NewId,
    ) -> None:
        self._connector = connector
        self._accounts = accounts
        self._webhooks = webhooks
        self._events = events
        self._secrets = secrets
        self._new_id = new_id

    def arrived(self, arrivals: Arrivals, cursor: str | None, limit: int) -> Replayed:
        """Replay at most `limit` of the webhooks that arrived then, in the order of arrival.

        Raises:
            Invalid: the cursor is not valid.
            Unavailable: not all events were published; the same request may be repeated.
        """
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._webhooks.arrived(arrivals, after, limit + 1)
        replayed = self([webhook_id for _, webhook_id in found[:limit]])
        more = encode_cursor(found[limit - 1][0]) if len(found) > limit else None
        return msgspec.structs.replace(replayed, next_cursor=more)

    def __call__(self, webhook_ids: Sequence[str]) -> Replayed:
        """Replay the named webhooks in the given order; raises Unavailable."""
        # SQS drops an event with an id that it saw in the last five minutes, so each replay uses ids of its
        # own.
        replay = self._new_id()
        outcomes = [self._replay(webhook_id, replay) for webhook_id in dict.fromkeys(webhook_ids)]
        return Replayed(
            replayed=sum(isinstance(outcome, int) for outcome in outcomes),
            events=sum(outcome for outcome in outcomes if isinstance(outcome, int)),
            refused=tuple(outcome for outcome in outcomes if isinstance(outcome, RefusedWebhook)),
        )

    def _replay(self, webhook_id: str, replay: str) -> int | RefusedWebhook:
        """Publish the events of a webhook; return their number."""
        webhook = self._webhooks.get(webhook_id)
        if webhook is None:
            return RefusedWebhook(webhook_id, "is not stored, or has expired")
        connector = self._connector(webhook.channel)
        if connector is None:
            return RefusedWebhook(
                webhook_id, f"belongs to the channel {webhook.channel}, which does not exist"
            )
        if webhook.account not in self._accounts[webhook.channel]:
            return RefusedWebhook(
                webhook_id,
                f"belongs to the account {webhook.account}, "
                f"which the channel {webhook.channel} does not list",
            )
        try:
            events = webhook_events(webhook, connector, self._secrets.channel(webhook.channel), replay)
        except Invalid as refused:
            return RefusedWebhook(webhook_id, refused.message)
        if events:
            self._events.webhook_events(events)
        return len(events)
