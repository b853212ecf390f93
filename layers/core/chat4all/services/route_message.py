"""Fanning a message out: one delivery per recipient and channel, into the channels' queues.

Sending the same deliveries twice is harmless: each is claimed before it is sent.
"""

from collections.abc import Mapping

from chat4all.domain.channel import Capabilities
from chat4all.domain.events import MessageAccepted
from chat4all.domain.routing import deliveries
from chat4all.services.ports import Events, Messages


class RouteMessage:
    def __init__(self, messages: Messages, events: Events, capabilities: Mapping[str, Capabilities]) -> None:
        self._messages = messages
        self._events = events
        self._capabilities = capabilities

    def __call__(self, accepted: MessageAccepted) -> None:
        """Raises Unavailable when a queue did not take a delivery; the event must come again then."""
        requested = deliveries(accepted, self._capabilities)
        self._events.deliveries_requested(requested)
        self._messages.mark_routed(accepted.message_id, len(requested))
