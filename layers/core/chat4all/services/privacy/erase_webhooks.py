"""Erase the raw webhooks that name the person, whole: another person's events in them were taken already.

A webhook is stored for 30 days, so that it can be published again. `inbound` has a copy of each of its
events.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.erasing import Erasure, counted
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundConsent, InboundEvent, InboundMessage, InboundMove
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.traces import Traces
from chat4all.domain.webhooks import KEEP, Arrivals, StoredWebhook, WebhookOutcome
from chat4all.services.inbound.ports import ListedWebhooks, Webhooks
from chat4all.services.messaging.connector import ChannelSecret, Connector
from chat4all.services.privacy.ports import StoredWebhooks

_PAGE: Final = 100
_NO_SECRET: Final = ChannelSecret("", "", "")
"""The addresses in a webhook are the same for every account of ours."""


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    channel: int = 0
    after: TimeCursor | None = None


class EraseWebhooks:
    def __init__(
        self,
        *,
        webhooks: Webhooks,
        stored: StoredWebhooks,
        listed: ListedWebhooks,
        connectors: Mapping[str, Connector],
        fingerprint: Fingerprint,
        clock: Clock,
    ) -> None:
        self._webhooks = webhooks
        self._stored = stored
        self._listed = listed
        self._connectors = connectors
        self._fingerprint = fingerprint
        self._clock = clock

    def __call__(self, erasure: Erasure, cursor: str) -> tuple[Erasure, str | None]:
        at = decode_cursor(cursor, _Cursor) if cursor else _Cursor()
        if at.channel >= len(erasure.channels):
            return erasure, None
        now = self._clock()
        channel = erasure.channels[at.channel]
        arrivals = Arrivals((channel,), iso(now - KEEP), iso(now))
        arrived = self._webhooks.arrived(arrivals, at.after, _PAGE)
        traces = Traces(erasure.user_ids, erasure.known_as, self._fingerprint)
        erased = 0
        for webhook_id in arrived.webhook_ids:
            webhook = self._webhooks.get(webhook_id)
            if webhook is not None and self._names(webhook, traces):
                for outcome in WebhookOutcome:
                    self._listed.remove(webhook_id, outcome)
                self._stored.remove(webhook_id)
                erased += 1
        following = _Cursor(at.channel, arrived.cursor) if arrived.cursor else _Cursor(at.channel + 1)
        return counted(erasure, {"webhooks": erased}), encode_cursor(following)

    def _names(self, webhook: StoredWebhook, traces: Traces) -> bool:
        """Return whether the webhook names the person, as the provider spells the address or as we do."""
        if traces.are_in(webhook.body):
            return True
        connector = self._connectors.get(webhook.webhook_id.channel)
        try:
            events = (
                connector.parse_webhook(webhook.body, _NO_SECRET, webhook.query).events if connector else ()
            )
        except Invalid:
            return False
        return any(traces.name(address) for event in events for address in _addresses(event))


def _addresses(event: InboundEvent) -> tuple[str, ...]:
    match event:
        case InboundMessage() | InboundConsent():
            return event.address, *event.aliases
        case InboundMove():
            return event.address, event.new_address
        case _:
            return (event.address,)
