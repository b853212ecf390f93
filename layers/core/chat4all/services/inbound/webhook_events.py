"""Turn a stored webhook into the events to publish, which are the same at its arrival and at a replay."""

from collections import Counter
from typing import Final

import msgspec

from chat4all.domain.events import WebhookEvent
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.text import shortened
from chat4all.domain.webhooks import StoredWebhook
from chat4all.services.messaging.connector import ChannelSecret, Connector

LONGEST_KIND: Final = 100
"""Characters of the name of a kind that led to no event."""


class WebhookParts(msgspec.Struct, frozen=True):
    """The events of a webhook, and how often each kind of part led to none."""

    events: tuple[WebhookEvent, ...]
    ignored: dict[str, int]


def webhook_parts(
    webhook: StoredWebhook, connector: Connector, secret: ChannelSecret, replay: str | None = None
) -> WebhookParts:
    """Return the parts of the webhook; raises Invalid if its body cannot be parsed.

    Each event is within the limits and carries the channel account that received it: the account that the
    event names, or else the account of the webhook. `replay` is the id of the replay that publishes them.
    """
    place = webhook.webhook_id
    parsed = connector.parse_webhook(webhook.body, secret, webhook.query)
    events = (within_limits(event) for event in parsed.events)
    return WebhookParts(
        tuple(
            WebhookEvent(place.channel, event.account or place.account, str(place), event, replay)
            for event in events
        ),
        dict(Counter(shortened(kind, LONGEST_KIND) for kind in parsed.ignored)),
    )
