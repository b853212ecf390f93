"""A long wait is spent in a table, not in the queue: a queue keeps a record for 14 days and 1,000 receives.

::

    Deliver says "later" ── soon: the queue holds the record
         │
       for long: the record's body joins the line of its group, and the record is handed back for a moment
         │         until every process knows that there is a line
         │
    it comes again, and those behind it come: whoever is not first in line joins it, and the record is dropped
         │
    relay, when the line is due ── puts those in line into the queue again, in their order
         │
    the first is delivered and leaves the line;  then the next is first

The queue's group is exclusive: while one process has a record of it, no other process has any. So nobody overtakes. The case that
breaks a naive order: what came after the line was made is in the queue before what `relay` puts there. It finds others in line before
it, and joins. Whoever dies in between leaves the record in its queue, or the line in its table; either brings the delivery back.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.deliver import Deliver, Delivering, Later
from chat4all.services.messaging.ports import LINES_KNOWN_S, Events, Lines

LONG_S: Final = 900.0
"""What is longer is spent in line."""
MOST_RECEIVES: Final = 500
"""After so many, any wait is spent in line: SQS gives a record up after 1,000. Whoever waits for a token of the account is received
every second or so, and comes back sooner from the queue than from a line: a text to 10,000 chats of Telegram takes 330 receives.
"""
BROUGHT_BACK_AGAIN: Final = timedelta(minutes=2)
"""Unless they have left the line by then."""


class InLine(msgspec.Struct, frozen=True):
    """It waits in a line; its record can go."""


class WaitInLine:
    def __init__(self, deliver: Deliver, lines: Lines, clock: Clock) -> None:
        self._deliver = deliver
        self._lines = lines
        self._clock = clock

    def __call__(self, requested: DeliveryRequested, receives: int) -> Delivering | InLine:
        head = self._head(requested)
        if head is not None and head < requested.place:
            self._lines.join(requested, iso(self._clock()), first=False)
            return InLine()
        outcome = self._deliver(requested)
        if not isinstance(outcome, Later):
            if head is not None:
                self._lines.leave(requested)
            return outcome
        # Whoever is in line already would be brought back while they wait in the queue, and so would all behind them.
        most_s = BROUGHT_BACK_AGAIN.total_seconds() if head == requested.place else LONG_S
        if outcome.wait_s <= most_s and receives < MOST_RECEIVES:
            return outcome
        due_at = self._clock() + timedelta(seconds=outcome.wait_s)
        self._lines.join(requested, iso(due_at), first=True)
        # A process that has not heard of the line yet would let those behind go ahead.
        return InLine() if head == requested.place else Later(2 * LINES_KNOWN_S)

    def _head(self, requested: DeliveryRequested) -> str | None:
        channel = requested.recipient.channel
        return self._lines.head(channel, requested.group) if self._lines.any(channel) else None


class BringBack:
    """A duty of the relay: those in a line that is due go into their queue again."""

    def __init__(self, lines: Lines, events: Events) -> None:
        self._lines = lines
        self._events = events

    def __call__(self, now: datetime) -> Counter[str]:
        done: Counter[str] = Counter()
        for line in self._lines.due(iso(now), BATCH):
            waiting = self._lines.waiting(line, BATCH)
            if not waiting:
                self._lines.close(line)
            elif self._lines.postpone(line, iso(now + BROUGHT_BACK_AGAIN)):
                at = int(now.timestamp())
                self._events.deliveries_requested(
                    [msgspec.structs.replace(one, brought_back=at) for one in waiting]
                )
                done["DeliveriesBroughtBack"] += len(waiting)
        return done
