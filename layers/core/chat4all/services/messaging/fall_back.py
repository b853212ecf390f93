"""Reaching somebody on the next channel, when the one before failed or was not confirmed in time.

The deliveries on a channel are ended before the next one is tried: whatever a queue still holds of them is refused then. So two
are never tried at a time. What a provider has taken on and not yet brought to the phone cannot be called back, however.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.records import DeliveryPart
from chat4all.domain.routing import deliveries as deliveries_of
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH, Fallback
from chat4all.services.messaging.ports import Deliveries, Events, Fallbacks

NOT_CONFIRMED: Final = "NOT_CONFIRMED"
REASON: Final = "The delivery was not confirmed in time; the next channel was tried."
GRACE: Final = timedelta(seconds=30)
"""How long a step may stay unpublished, or a delivery in the hands of a process."""
_BY_A_PERSON: Final = frozenset({Status.DELIVERED, Status.READ})


class FallBack:
    def __init__(self, fallbacks: Fallbacks, events: Events, clock: Clock) -> None:
        self._fallbacks = fallbacks
        self._events = events
        self._clock = clock

    def failed(self, delivery: DeliveryPart) -> None:
        """The delivery failed for good: on to the next channel, unless that was done before; raises Unavailable."""
        fallback = self._fallbacks.get(delivery.message_id, delivery.recipient_id)
        if fallback is not None and fallback.recipient.channel == delivery.channel:
            self.step(fallback)

    def step(self, fallback: Fallback) -> bool:
        """Where the process dies before it publishes, `relay` does."""
        stepped = self._fallbacks.step(fallback, iso(self._clock() + GRACE))
        if stepped is None:
            return False
        self.publish(stepped)
        return True

    def publish(self, fallback: Fallback) -> None:
        self._events.message_accepted(msgspec.structs.replace(fallback.event, position=fallback.position))


class ConfirmInTime:
    """A duty of the relay: what is not confirmed in time goes on to the next channel."""

    def __init__(
        self,
        fallbacks: Fallbacks,
        deliveries: Deliveries,
        fall_back: FallBack,
        capabilities: Mapping[str, Capabilities],
    ) -> None:
        self._fallbacks = fallbacks
        self._deliveries = deliveries
        self._fall_back = fall_back
        self._capabilities = capabilities

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._fallbacks.due(iso(now), BATCH)
        taken = [self._see_to(one, now) for one in due].count(True)
        return Counter(FallbacksTaken=taken, FallbacksInPlace=len(due) - taken)

    def _see_to(self, fallback: Fallback, now: datetime) -> bool:
        if not fallback.routed:
            if self._fallbacks.postpone(fallback, iso(now + GRACE)):
                self._fall_back.publish(fallback)
            return False
        if self._confirmed(fallback):
            self._fallbacks.postpone(fallback, None)
            return False
        if not all(self._end(one, now) for one in self._requested(fallback)):
            self._fallbacks.postpone(fallback, iso(now + GRACE))
            return False
        if self._confirmed(fallback):
            self._fallbacks.postpone(fallback, None)
            return False
        return self._fall_back.step(fallback)

    def _end(self, requested: DeliveryRequested, now: datetime) -> bool:
        return self._deliveries.end(requested, now.timestamp(), NOT_CONFIRMED, REASON, iso(now))

    def _requested(self, fallback: Fallback) -> list[DeliveryRequested]:
        at = msgspec.structs.replace(fallback.event, recipients=(fallback.recipient,))
        return deliveries_of(at, self._capabilities)

    def _confirmed(self, fallback: Fallback) -> bool:
        """By the receipt, where the provider sends one; else its taking on is all that will ever be known."""
        parts = [self._deliveries.get(one.delivery_id) for one in self._requested(fallback)]
        receipts = self._capabilities[fallback.recipient.channel].receipts
        enough = _BY_A_PERSON if receipts.delivered else _BY_A_PERSON | {Status.SENT}
        return all(one is not None and one.status in enough for one in parts)
