"""Route a message: put one delivery per recipient and channel into the channels' queues.

Requesting the same deliveries twice is harmless: each delivery is claimed before it is sent.
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.events import MessageAccepted, Recipient
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.routing import deliveries
from chat4all.domain.waiting import Fallback
from chat4all.services.messaging.ports import Events, Fallbacks, Messages


class RouteMessage:
    def __init__(
        self,
        messages: Messages,
        events: Events,
        fallbacks: Fallbacks,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._events = events
        self._capabilities = capabilities
        self._clock = clock
        self._fallbacks = fallbacks

    def __call__(self, accepted: MessageAccepted) -> None:
        """Request the deliveries of an accepted message.

        Raises:
            Unavailable: a queue did not take a delivery; the event must be handled again.
        """
        begun = [self._begin(accepted, recipient) for recipient in accepted.recipients if recipient.fallbacks]
        # A recipient whose fallback has moved on to a later channel is reached on that channel.
        now_at = {fallback.recipient.user_id: fallback.recipient for fallback in begun}
        current = tuple(now_at.get(recipient.user_id, recipient) for recipient in accepted.recipients)
        routed = msgspec.structs.replace(accepted, recipients=current)
        self._events.deliveries_requested(deliveries(routed, self._capabilities))
        for fallback in begun:
            self._fallbacks.routed(fallback, self._deadline(fallback))
        self._messages.mark_routed(accepted.message_id, iso(self._clock() + DELIVERY_GRACE))

    def _begin(self, accepted: MessageAccepted, recipient: Recipient) -> Fallback:
        event = msgspec.structs.replace(accepted, recipients=(recipient,), position=0)
        return self._fallbacks.begin(event, iso(self._clock() + DELIVERY_GRACE))

    def _deadline(self, fallback: Fallback) -> str | None:
        if not fallback.recipient.fallbacks:
            return None
        return iso(self._clock() + timedelta(seconds=fallback.event.delivery_timeout_s))
