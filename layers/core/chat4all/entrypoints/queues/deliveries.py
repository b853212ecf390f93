"""Handle the records of a channel's queue: deliver each, and publish the statuses of a batch together."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chat4all.adapters.failure_log import log_failure
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.status import Status
from chat4all.entrypoints.invocation import Count
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.messaging.deliver import Later, Outdated
from chat4all.services.messaging.hold_delivery import DeliverOrHold, Held
from chat4all.services.messaging.ports import Events, Limiter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NEEDED_MS: Final = 15_000
"""The time that a delivery needs: a provider may take 13 s to refuse a connection and to answer."""
UPLOAD_NEEDED_MS: Final = 80_000
"""The time that a delivery needs with an upload of the largest file, and the answer to it."""
REPORT_WAIT_S: Final = 1.0
"""The time until a delivery whose status could not be published is received again."""


def needed_ms(channel: Capabilities, timeout_s: int) -> int:
    """Return the time that a delivery needs in a function with this timeout.

    If the timeout is short, the channel's files are small enough for the shorter time.
    """
    uploads = any(rule.transfer is Transfer.UPLOAD for rule in channel.media)
    return UPLOAD_NEEDED_MS if uploads and timeout_s * 1000 > UPLOAD_NEEDED_MS else NEEDED_MS


class TimeLeft:
    """The check whether the function has time for one more send of its current batch."""

    def __init__(self) -> None:
        self._still_in_time: Callable[[], bool] = lambda: True

    def begin(self, still_in_time: Callable[[], bool]) -> None:
        self._still_in_time = still_in_time

    def __call__(self) -> bool:
        return self._still_in_time()


class DeliveryBatch:
    """The handler of a batch of deliveries; it publishes their statuses together at the end of the batch.

    A delivery whose status could not be published is handed back: at the next receive it is settled already,
    and its status is reported again.
    """

    def __init__(
        self,
        deliver_or_hold: DeliverOrHold,
        events: Events,
        sqs: "SQSClient",
        queue_url: str,
        count: Count,
        *,
        limiter: Limiter,
        time_left: TimeLeft | None = None,
    ) -> None:
        self._deliver_or_hold = deliver_or_hold
        self._events = events
        self._count = count
        self._limiter = limiter
        self._time_left = time_left or TimeLeft()
        self._batch = Batch(DeliveryRequested, self._handle, sqs, queue_url)
        self._settled: list[tuple[Record, StatusUpdate]] = []

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._settled = []
        self._limiter.expect(len(event["Records"]))
        self._time_left.begin(still_in_time)
        answer = self._batch(event, still_in_time)
        unpublished = self._events.status_updates([update for _, update in self._settled])
        again = [record for record, update in self._settled if update in unpublished]
        self._batch.hand_back(again, REPORT_WAIT_S)
        answer["batchItemFailures"] += [{"itemIdentifier": record.message_id} for record in again]
        return answer

    def _handle(self, requested: DeliveryRequested, record: Record) -> HandBack | None:
        outcome = self._deliver_or_hold(requested, record.receive_count)
        if isinstance(outcome, Later):
            return HandBack(outcome.wait_s)
        if isinstance(outcome, Held):
            self._count("DeliveriesHeld")
            return None
        if isinstance(outcome, Outdated):
            return None
        self._settled.append((record, outcome.update))
        failed = outcome.update.status is Status.FAILED
        if failed:
            update = outcome.update
            log_failure(
                requested.delivery_id, requested.conversation_id, update.error_code, update.error_reason
            )
        self._count("DeliveriesFailed" if failed else "DeliveriesSent")
        if outcome.taken_over:
            self._count("PossibleRepeats")
        return None
