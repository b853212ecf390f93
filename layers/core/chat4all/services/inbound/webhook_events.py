"""Turn a stored webhook into the events to publish, which are the same at its arrival and at a replay."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from chat4all.domain.errors import Invalid, Unavailable
from chat4all.domain.events import WebhookEvent
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.nul import without_nul
from chat4all.domain.text import shortened
from chat4all.domain.webhooks import ListedWebhook, StoredWebhook, WebhookOutcome
from chat4all.services.messaging.connector import ChannelSecret, Connector

LONGEST_KIND: Final = 100
"""Characters of the name of a kind that led to no event."""
MOST_KINDS: Final = 10
"""The most kinds of a webhook that have their own name: a provider may send a webhook with thousands."""
OTHER_KINDS: Final = "other kinds"


class WebhookParts(msgspec.Struct, frozen=True):
    """The events of a webhook, and the number of parts of each kind that led to none.

    `unreadable` says why the body cannot be parsed; the webhook then has no parts. `fault` is the error if
    the channel's code failed.
    """

    events: tuple[WebhookEvent, ...] = ()
    ignored: Mapping[str, int] = {}
    unreadable: str | None = None
    fault: Exception | None = None

    def listed(self, webhook: StoredWebhook) -> ListedWebhook | None:
        """Return the entry of the webhook in the list of outcomes; None if every part led to an event."""
        if self.unreadable is None and not self.ignored:
            return None
        return ListedWebhook(
            webhook_id=webhook.webhook_id,
            outcome=WebhookOutcome.IGNORED if self.unreadable is None else WebhookOutcome.UNREADABLE,
            events=len(self.events),
            ignored=self.ignored,
            reason=self.unreadable,
            expires_at=webhook.expires_at,
        )


def webhook_parts(
    webhook: StoredWebhook, connector: Connector, secret: ChannelSecret, replay: str | None = None
) -> WebhookParts:
    """Return the parts of the webhook.

    Each event is within the limits and carries the channel account that received it: the account that the
    event names, or else the account of the webhook. `replay` is the id of the replay that publishes them.

    Code that fails makes the webhook unreadable: it fails each time with the same bytes, and the provider
    would repeat them for days. A later version reads the webhook at a replay.

    Raises:
        Unavailable: something did not answer; the same webhook can be read later.
    """
    place = webhook.webhook_id
    try:
        parsed = connector.parse_webhook(webhook.body, secret, webhook.query)
        events = [within_limits(event) for event in parsed.events]
    except Invalid as refused:
        return WebhookParts(unreadable=refused.message)
    except Unavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - a bug may raise anything, and the log has its traceback
        return WebhookParts(unreadable=f"the channel's code failed: {type(fault).__name__}", fault=fault)
    return WebhookParts(
        tuple(
            WebhookEvent(place.channel, event.account or place.account, str(place), event, replay)
            for event in events
        ),
        _counted(parsed.ignored),
    )


def _counted(kinds: Iterable[str]) -> Mapping[str, int]:
    """Count the kinds; the rarest of more than MOST_KINDS kinds are counted together."""
    counts = Counter(without_nul(shortened(kind, LONGEST_KIND)) for kind in kinds)
    if len(counts) <= MOST_KINDS:
        return dict(counts)
    named = dict(counts.most_common(MOST_KINDS - 1))
    return {**named, OTHER_KINDS: counts.total() - sum(named.values())}
