"""What the schedule does: publish what was stored but not published, and retry statuses that wait.

A message that is only slow (its event waits in a long queue) looks the same from here as one that was
never published. Publishing it again is harmless; it is postponed longer each time.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.errors import Conflict, Forbidden, NotFound, NotPossible
from chat4all.domain.status import Status
from chat4all.services.accept_message import AcceptMessage
from chat4all.services.ports import Clock, Deliveries, DueMessage, Messages
from chat4all.services.record_status import Recorded, RecordStatus

BATCH: Final = 100
LONGEST_POSTPONEMENT: Final = timedelta(hours=1)


class Relayed(msgspec.Struct, frozen=True):
    """What one run did."""

    published: int
    failed: int
    statuses_recorded: int
    statuses_waiting: int


class Relay:
    def __init__(
        self,
        messages: Messages,
        deliveries: Deliveries,
        accept: AcceptMessage,
        record: RecordStatus,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._accept = accept
        self._record = record
        self._clock = clock

    def __call__(self) -> Relayed:
        now = self._clock()
        due = self._messages.due(iso(now), BATCH)
        outcomes = [self._publish(one, now) for one in due if self._take(one, now)]
        waiting = self._deliveries.parked(iso(now), BATCH)
        recorded = [self._record.retry_parked(one) for one in waiting].count(Recorded.DONE)
        return Relayed(
            published=outcomes.count(True),
            failed=outcomes.count(False),
            statuses_recorded=recorded,
            statuses_waiting=len(waiting) - recorded,
        )

    def _take(self, due: DueMessage, now: datetime) -> bool:
        age = now - parse_iso(due.message.accepted_at)
        return self._messages.postpone(due, iso(now + min(age, LONGEST_POSTPONEMENT)))

    def _publish(self, due: DueMessage, now: datetime) -> bool:
        """False when the message cannot be delivered any more: it ends FAILED, with the reason."""
        message = due.message
        try:
            self._accept.republish(message)
        except (Forbidden, Conflict, NotFound, NotPossible) as refused:
            self._messages.advance(
                message.message_id, Status.FAILED, iso(now), refused.error_code, refused.message
            )
            self._messages.mark_routed(message.message_id, 0)
            return False
        return True
