"""Hold a delivery in a table while it waits for long: a queue keeps a record for 14 days and 1,000 receives.

::

    Deliver answers Later ── for a short wait: the channel's queue keeps the record
         │
       for a long wait: the record's body is added to the holding queue of its account and group. The record
         │              is handed back for a moment, until every process knows that the holding queue exists
         │
    SQS gives out the record again, and the records behind it ── a delivery that is not the first of the
         │        holding queue is added to it, and its record is deleted
         │
    relay, when the holding queue is due ── puts the held deliveries into the channel's queue again, in order
         │
    the first held delivery is delivered and removed from the holding queue;  the next delivery is the first

SQS gives out the records of a group exclusively: while a process works on a record of the group, no other
process receives any. So no delivery overtakes another.

The case that breaks a naive order: a delivery that was requested after the holding queue began reaches the
channel's queue before the deliveries that `relay` puts there. It finds earlier deliveries in the holding
queue, and is held too. A process that dies in between leaves the record in the channel's queue or the
delivery in the holding queue; either brings the delivery back.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.deliver import Deliver, Delivering, Later
from chat4all.services.messaging.ports import HOLDING_KNOWN_S, Events, HeldDeliveries

LONG_S: Final = 900.0
"""A delivery that has to wait longer is held."""
MOST_RECEIVES: Final = 500
"""After so many receives, a delivery is held for any wait: SQS gives a record up after 1,000 receives.

A delivery that waits for a token of the account gets a place in line, and is received two or three times.
"""
BROUGHT_BACK_AGAIN: Final = timedelta(minutes=2)
"""`relay` brings back the held deliveries once more after this time, unless they were removed by then."""


class Held(msgspec.Struct, frozen=True):
    """The delivery waits in a holding queue; its record can be deleted."""


class DeliverOrHold:
    """The use case that delivers a request or holds it.

    A request is held while an earlier delivery of its group is held, or if its wait is too long for a queue.
    """

    def __init__(self, deliver: Deliver, held_deliveries: HeldDeliveries, clock: Clock) -> None:
        self._deliver = deliver
        self._held_deliveries = held_deliveries
        self._clock = clock

    def __call__(self, requested: DeliveryRequested, receives: int) -> Delivering | Held:
        head = self._head(requested)
        if head is not None and head < requested.place:
            self._held_deliveries.hold(requested, iso(self._clock()), first=False)
            return Held()
        outcome = self._deliver(requested)
        if not isinstance(outcome, Later):
            if head is not None:
                self._held_deliveries.remove(requested)
            return outcome
        # `relay` would bring back a delivery that is held already, and all deliveries behind it, while its
        # record still waits in the channel's queue.
        most_s = BROUGHT_BACK_AGAIN.total_seconds() if head == requested.place else LONG_S
        if outcome.wait_s <= most_s and receives < MOST_RECEIVES:
            return outcome
        due_at = self._clock() + timedelta(seconds=outcome.wait_s)
        self._held_deliveries.hold(requested, iso(due_at), first=True)
        # A process that does not know the holding queue yet would let the deliveries behind this one go
        # ahead.
        return Held() if head == requested.place else Later(2 * HOLDING_KNOWN_S)

    def _head(self, requested: DeliveryRequested) -> str | None:
        to = requested.recipient
        if not self._held_deliveries.any(to.channel, to.account):
            return None
        return self._held_deliveries.head(to.channel, to.account, requested.group)


class BringBackHeldDeliveries:
    """A job of `relay`: put the deliveries of each due holding queue into their channel's queue again."""

    def __init__(self, held_deliveries: HeldDeliveries, events: Events) -> None:
        self._held_deliveries = held_deliveries
        self._events = events

    def __call__(self, now: datetime) -> Counter[str]:
        done: Counter[str] = Counter()
        for holding_queue in self._held_deliveries.due(iso(now), BATCH):
            held = self._held_deliveries.first_held(holding_queue, BATCH)
            if not held:
                self._held_deliveries.close(holding_queue)
            elif self._held_deliveries.postpone(holding_queue, iso(now + BROUGHT_BACK_AGAIN)):
                at = int(now.timestamp())
                self._events.deliveries_requested(
                    [msgspec.structs.replace(delivery, brought_back=at) for delivery in held]
                )
                done["DeliveriesBroughtBack"] += len(held)
        return done
