"""Fanning a message out: one delivery per recipient and channel, into the channels' queues.

Sending the same deliveries twice is harmless: each is claimed before it is sent.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import iso
from chat4all.domain.events import MessageAccepted
from chat4all.domain.routing import deliveries
from chat4all.services.ports import Clock, Events, Messages

DELIVERY_GRACE: Final = timedelta(minutes=15)
"""How long a message may be PENDING in the channels' queues before `relay` routes it again."""


class RouteMessage:
    def __init__(
        self, messages: Messages, events: Events, capabilities: Mapping[str, Capabilities], clock: Clock
    ) -> None:
        self._messages = messages
        self._events = events
        self._capabilities = capabilities
        self._clock = clock

    def __call__(self, accepted: MessageAccepted) -> None:
        """Raises Unavailable when a queue did not take a delivery; the event must come again then."""
        self._events.deliveries_requested(deliveries(accepted, self._capabilities))
        self._messages.mark_routed(accepted.message_id, iso(self._clock() + DELIVERY_GRACE))
