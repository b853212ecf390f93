"""What the schedule does: duties, one after the other, each with what is due.

A message that is only slow (its event waits in a long queue) looks the same from here as one that was
never published. Publishing it again is harmless; it is postponed longer each time.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.errors import Conflict, Forbidden, NotFound, NotPossible
from chat4all.domain.status import Status
from chat4all.services.accept_message import AcceptMessage
from chat4all.services.ports import Clock, Deliveries, DueMessage, Messages
from chat4all.services.record_status import Recorded, RecordStatus

BATCH: Final = 100
LONGEST_POSTPONEMENT: Final = timedelta(hours=1)


class Duty(Protocol):
    """One kind of work that becomes due. Whatever is left undone is found by the next run."""

    def __call__(self, now: datetime) -> Counter[str]:
        """What was done, by metric."""
        ...


class Relay:
    def __init__(self, clock: Clock, duties: Sequence[Duty]) -> None:
        self._clock = clock
        self._duties = duties

    def __call__(self) -> Counter[str]:
        """What one run did, by metric."""
        done: Counter[str] = Counter()
        for duty in self._duties:
            done.update(duty(self._clock()))
        return done


class PublishMessages:
    """Messages stored, and not routed in their time."""

    def __init__(self, messages: Messages, accept: AcceptMessage) -> None:
        self._messages = messages
        self._accept = accept

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._messages.due(iso(now), BATCH)
        published = [self._publish(one, now) for one in due if self._take(one, now)]
        return Counter(
            MessagesRepublished=published.count(True), MessagesUndeliverable=published.count(False)
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


class RetryStatuses:
    """Statuses that came before their send was recorded."""

    def __init__(self, deliveries: Deliveries, record: RecordStatus) -> None:
        self._deliveries = deliveries
        self._record = record

    def __call__(self, now: datetime) -> Counter[str]:
        waiting = self._deliveries.parked(iso(now), BATCH)
        recorded = [self._record.retry_parked(one) for one in waiting].count(Recorded.DONE)
        return Counter(StatusesRecovered=recorded, StatusesWaiting=len(waiting) - recorded)
