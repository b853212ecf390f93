"""What the schedule does: duties, one after the other, each with what is due.

A message that is only slow (its event waits in a long queue) looks the same from here as one that was
never published. Publishing it again is harmless; it is postponed longer each time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.errors import Conflict, Forbidden, NotFound, NotPossible
from chat4all.domain.records import DeliveryPart
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH, DueMessage
from chat4all.services.messaging.accept_message import AcceptMessage
from chat4all.services.messaging.ports import Deliveries, Messages
from chat4all.services.messaging.record_status import Recorded, RecordStatus

MORE_WITHIN: Final = timedelta(seconds=20)
"""A third of the time that the function has."""
LONGEST_UNROUTED: Final = timedelta(hours=1)
LONGEST_ROUTED: Final = timedelta(days=1)
"""Its deliveries are in a queue most probably, each time once more: it shall not fill."""
IN_A_QUEUE: Final = timedelta(days=14)
"""For so long a queue keeps a delivery."""


class Duty(Protocol):
    """One kind of work that becomes due. Whatever is left undone is found by the next run."""

    def __call__(self, now: datetime, /) -> Counter[str]:
        """What was done, by metric."""
        ...


Count = Callable[[str, int], None]
"""Adds to a metric."""


class Relay:
    def __init__(
        self, clock: Clock, duties: Sequence[Duty], count: Count = lambda _metric, _number: None
    ) -> None:
        self._clock = clock
        self._duties = duties
        self._count = count

    def __call__(self) -> Counter[str]:
        """What one run did, by metric.

        A duty that fails keeps none of the others from being done; then its error is raised. One that had its hands full has another
        turn, when all have had theirs, as long as there is time.
        """
        began = self._clock()
        done: Counter[str] = Counter()
        errors: list[Exception] = []
        left: Sequence[Duty] = self._duties
        while left:
            left = [duty for duty in left if self._perform(duty, done, errors) >= BATCH]
            if self._clock() - began >= MORE_WITHIN:
                break
        if errors:
            first, *others = errors
            for one in others:
                first.add_note(f"Another duty failed, too: {one!r}")
            raise first
        return done

    def _perform(self, duty: Duty, done: Counter[str], errors: list[Exception]) -> int:
        """How much there was to do."""
        try:
            by_metric = duty(self._clock())
        except Exception as error:  # noqa: BLE001 - raised when all have had their turn
            errors.append(error)
            return 0
        done.update(by_metric)
        for metric, number in by_metric.items():
            self._count(metric, number)
        return by_metric.total()


class PublishMessages:
    """Messages that were stored and not routed in their time, or that stay PENDING though they were."""

    def __init__(self, messages: Messages, deliveries: Deliveries, accept: AcceptMessage) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._accept = accept

    def __call__(self, now: datetime) -> Counter[str]:
        return Counter(
            metric
            for due in self._messages.due(iso(now), BATCH)
            if (metric := self._see_to(due, now)) is not None
        )

    def _see_to(self, due: DueMessage, now: datetime) -> str | None:
        """What was done, as a metric."""
        message = due.message
        pending = self._pending(due)
        if message.status is not Status.PENDING and not pending:
            self._messages.settle(due)
            return None
        if not self._messages.postpone(due, _later(due, now)):
            return None
        try:
            self._accept.republish(message, pending if message.round else ())
        except (Forbidden, Conflict, NotFound, NotPossible) as refused:
            if due.routed and _age(due, now) < IN_A_QUEUE:
                # It is not routed once more, but its deliveries are on their way: FAILED would be untrue.
                return None
            self._messages.give_up(message.message_id, iso(now), refused.code, refused.message)
            return "MessagesUndeliverable"
        return "MessagesRepublished"

    def _pending(self, due: DueMessage) -> list[DeliveryPart]:
        if not due.routed and not due.message.round:
            return []
        begun = self._deliveries.of_message(due.message.message_id)
        return [one for one in begun if one.status is Status.PENDING]


def _age(due: DueMessage, now: datetime) -> timedelta:
    return now - parse_iso(due.message.status_history[-1].at)


def _later(due: DueMessage, now: datetime) -> str:
    return iso(now + min(_age(due, now), LONGEST_ROUTED if due.routed else LONGEST_UNROUTED))


class RetryStatuses:
    """Statuses that came before their send was recorded."""

    def __init__(self, deliveries: Deliveries, record: RecordStatus) -> None:
        self._deliveries = deliveries
        self._record = record

    def __call__(self, now: datetime) -> Counter[str]:
        waiting = self._deliveries.parked(iso(now), BATCH)
        recorded = [self._record.retry_parked(one) for one in waiting].count(Recorded.DONE)
        return Counter(StatusesRecovered=recorded, StatusesWaiting=len(waiting) - recorded)
