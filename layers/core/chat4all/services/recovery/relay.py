"""The scheduled jobs, run one after the other; each job works on the records that are due.

A job cannot tell a message whose deliveries wait in a long queue from a message whose deliveries are lost.
So it requests the deliveries of both again. That is harmless, because each delivery is claimed before it is
sent, and each time the message is postponed for longer.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.errors import Conflict, Forbidden, NotFound, NotPossible
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH, DueMessage
from chat4all.services.messaging.accept_message import AcceptMessage
from chat4all.services.messaging.ports import Deliveries, Messages
from chat4all.services.messaging.record_status import FollowDelivery, Recorded, RecordStatus

MORE_WITHIN: Final = timedelta(seconds=20)
"""After this time, a third of the function's time, a run begins no further round of turns."""
LONGEST_WAIT: Final = timedelta(days=1)
"""A message's deliveries are most probably in a queue. Each try adds them again, so tries are rare."""
IN_A_QUEUE: Final = timedelta(days=14)
"""How long a queue keeps a delivery."""


class Job(Protocol):
    """One kind of work that becomes due. The next run finds the work that is left undone."""

    def __call__(self, now: datetime, /) -> Counter[str]:
        """Do the work that is due; return the number of records, by metric."""
        ...


Count = Callable[[str, int], None]
"""Add a number to a metric."""


class Relay:
    def __init__(
        self, clock: Clock, jobs: Sequence[Job], count: Count = lambda _metric, _number: None
    ) -> None:
        self._clock = clock
        self._jobs = jobs
        self._count = count

    def __call__(self) -> Counter[str]:
        """Run all jobs; return the number of records, by metric.

        A job that fails does not stop the other jobs; its error is raised at the end. A job that found a full
        batch gets another turn after all other jobs, as long as there is time.
        """
        began = self._clock()
        done: Counter[str] = Counter()
        errors: list[Exception] = []
        left: Sequence[Job] = self._jobs
        while left:
            left = [job for job in left if self._perform(job, done, errors) >= BATCH]
            if self._clock() - began >= MORE_WITHIN:
                break
        if errors:
            first, *others = errors
            for error in others:
                first.add_note(f"Another job failed, too: {error!r}")
            raise first
        return done

    def _perform(self, job: Job, done: Counter[str], errors: list[Exception]) -> int:
        """Run one job; return how many records it worked on."""
        try:
            by_metric = job(self._clock())
        except Exception as error:  # noqa: BLE001 - raised after the turns of all other jobs
            errors.append(error)
            return 0
        done.update(by_metric)
        for metric, number in by_metric.items():
            self._count(metric, number)
        return by_metric.total()


class RepublishMessages:
    """A job: request again the deliveries of messages that stay PENDING, or whose redrive is unfinished.

    First it records the statuses that the message's state lacks. A recipient who left in the meantime gets no
    further request, which would record their status.
    """

    def __init__(
        self, messages: Messages, deliveries: Deliveries, accept: AcceptMessage, follow: FollowDelivery
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._accept = accept
        self._follow = follow

    def __call__(self, now: datetime) -> Counter[str]:
        return Counter(
            metric
            for due in self._messages.due(iso(now), BATCH)
            if (metric := self._handle(due, now)) is not None
        )

    def _handle(self, due: DueMessage, now: datetime) -> str | None:
        """Route the message again, settle it or give it up; return the metric to count."""
        message = due.message
        begun = self._deliveries.of_message(message.message_id)
        pending = [part for part in begun if part.status is Status.PENDING]
        if message.status is not Status.PENDING and not pending:
            self._messages.settle(due)
            return None
        if message.status is Status.PENDING:
            for part in begun:
                if part.status is not Status.PENDING:
                    self._follow(part, iso(now))
        if not self._messages.postpone(due, _later(due, now)):
            return None
        try:
            self._accept.republish(message, pending if message.round else ())
        except (Forbidden, Conflict, NotFound, NotPossible) as refused:
            if _age(due, now) < IN_A_QUEUE:
                # The message is not routed again, but its deliveries may still be in a queue: FAILED would be
                # wrong.
                return None
            self._messages.give_up(message, iso(now), refused.code, refused.message)
            return "MessagesUndeliverable"
        return "MessagesRepublished"


def _age(due: DueMessage, now: datetime) -> timedelta:
    """Return the time since the latest status, which may lie ahead: a receipt has the provider's time."""
    return max(now - parse_iso(due.message.status_history[-1].at), timedelta())


def _later(due: DueMessage, now: datetime) -> str:
    return iso(now + min(_age(due, now), LONGEST_WAIT))


class RetryStatuses:
    """A job: record statuses that arrived before their send was recorded."""

    def __init__(self, deliveries: Deliveries, record: RecordStatus) -> None:
        self._deliveries = deliveries
        self._record = record

    def __call__(self, now: datetime) -> Counter[str]:
        waiting = self._deliveries.parked(iso(now), BATCH)
        recorded = [self._record.retry_parked(parked) for parked in waiting].count(Recorded.DONE)
        return Counter(StatusesRecovered=recorded, StatusesWaiting=len(waiting) - recorded)
