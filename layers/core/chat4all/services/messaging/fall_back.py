"""Reach a recipient on the next channel, after a delivery failed or was not confirmed in time.

The deliveries on a channel are ended before the next channel is tried: a queue may still hold their requests,
which are refused then. So two channels are never tried at the same time. However, a message that a provider
has accepted and not yet brought to the phone cannot be called back.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.routing import deliveries as deliveries_of
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH, Fallback
from chat4all.services.messaging.ports import Deliveries, Events, Fallbacks

NOT_CONFIRMED: Final = "NOT_CONFIRMED"
REASON: Final = "The delivery was not confirmed in time; the next channel was tried."
GRACE: Final = timedelta(seconds=30)
"""`relay` looks again after this time at an unpublished step, and at a delivery that a process is sending."""
_BY_A_PERSON: Final = frozenset({Status.DELIVERED, Status.READ})


class FallBack:
    def __init__(self, fallbacks: Fallbacks, events: Events, clock: Clock) -> None:
        self._fallbacks = fallbacks
        self._events = events
        self._clock = clock

    def failed(self, delivery: DeliveryPart) -> None:
        """Try the next channel after a final failure of `delivery`, unless it was tried before.

        Raises:
            Unavailable: AWS did not answer.
        """
        fallback = self._fallbacks.get(delivery.message_id, delivery.recipient_id)
        if fallback is not None and fallback.position == delivery.route:
            self.step(fallback)

    def step(self, fallback: Fallback) -> bool:
        """Move the recipient to the next channel; return False if another process did so.

        If the process dies before it publishes the step, `relay` publishes it.
        """
        stepped = self._fallbacks.step(fallback, iso(self._clock() + GRACE))
        if stepped is None:
            return False
        self.publish(stepped)
        return True

    def publish(self, fallback: Fallback) -> None:
        self._events.message_accepted(msgspec.structs.replace(fallback.event, position=fallback.position))


class ConfirmInTime:
    """A job of `relay`: deliveries that are not confirmed in time go on to the next channel."""

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
        taken = [self._advance(fallback, now) for fallback in due].count(True)
        return Counter(FallbacksTaken=taken, FallbacksInPlace=len(due) - taken)

    def _advance(self, fallback: Fallback, now: datetime) -> bool:
        """Return whether the recipient was moved to the next channel."""
        if not fallback.routed:
            if self._fallbacks.postpone(fallback, iso(now + GRACE)):
                self._fall_back.publish(fallback)
            return False
        if self._confirmed(fallback):
            self._fallbacks.postpone(fallback, None)
            return False
        if not all(self._end(requested, now) for requested in self._requested(fallback)):
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
        """Return whether all deliveries on the current channel are confirmed.

        A receipt confirms a delivery. If the provider sends no receipts, its acceptance (SENT) is the last
        status that will ever be known, and confirms the delivery.
        """
        parts = [self._deliveries.get(requested.delivery_id) for requested in self._requested(fallback)]
        receipts = self._capabilities[fallback.recipient.channel].receipts
        enough = _BY_A_PERSON if receipts.delivered else _BY_A_PERSON | {Status.SENT}
        return all(part is not None and part.status in enough for part in parts)
