"""Handle the records of a channel's queue: deliver each, and record its status in its message."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chat4all.adapters.failure_log import log_failure
from chat4all.domain.acts import Signal
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.status import Status
from chat4all.entrypoints.invocation import Count
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.messaging.deliver import Later, Outdated, Settled
from chat4all.services.messaging.deliver_signal import AskAgain, DeliverSignal, Dropped
from chat4all.services.messaging.hold_delivery import DeliverOrHold, Held
from chat4all.services.messaging.ports import Events, Limiter
from chat4all.services.messaging.record_status import FollowDelivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

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
    """The handler of a batch of deliveries.

    A message follows its delivery at once. What cannot be recorded here is published for `status` at the end
    of the batch: a status that DynamoDB did not take, and a failure after which the next channel is tried. A
    delivery whose status could not be published is handed back: at the next receive it is settled already,
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
        follow: FollowDelivery,
        limiter: Limiter,
        deliver_signal: DeliverSignal,
        time_left: TimeLeft | None = None,
    ) -> None:
        self._deliver_or_hold = deliver_or_hold
        self._follow = follow
        self._events = events
        self._count = count
        self._limiter = limiter
        self._deliver_signal = deliver_signal
        self._time_left = time_left or TimeLeft()
        self._batch = Batch(DeliveryRequested, self._handle, sqs, queue_url)
        self._settled: list[tuple[Record, StatusUpdate]] = []

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._settled = []
        self._limiter.expect(len(event["Records"]))
        self._time_left.begin(still_in_time)
        answer = self._batch(event, still_in_time)
        updates = [update for _, update in self._settled]
        unpublished = self._events.status_updates(updates) if updates else []
        again = [record for record, update in self._settled if update in unpublished]
        self._batch.hand_back(again, REPORT_WAIT_S)
        answer["batchItemFailures"] += [{"itemIdentifier": record.message_id} for record in again]
        return answer

    def _handle(self, requested: DeliveryRequested, record: Record) -> HandBack | None:
        if requested.signal is not None:
            return self._handle_signal(requested, requested.signal)
        outcome = self._deliver_or_hold(requested, record.receive_count)
        if isinstance(outcome, Later):
            return HandBack(outcome.wait_s)
        if isinstance(outcome, Held):
            self._count("DeliveriesHeld")
            return None
        if isinstance(outcome, Outdated):
            return None
        if not self._is_followed(outcome):
            self._settled.append((record, outcome.update))
        delivery = outcome.delivery
        failed = delivery.status is Status.FAILED
        if failed:
            log_failure(
                requested.delivery_id, requested.conversation_id, delivery.error_code, delivery.error_reason
            )
        self._count("DeliveriesFailed" if failed else "DeliveriesSent")
        if outcome.taken_over:
            self._count("PossibleRepeats")
        return None

    def _handle_signal(self, requested: DeliveryRequested, signal: Signal) -> HandBack | None:
        if not self._time_left():
            return HandBack(0.0)
        outcome = self._deliver_signal(requested, signal)
        if isinstance(outcome, AskAgain):
            return HandBack(outcome.wait_s)
        if isinstance(outcome, Dropped):
            _log.info("a signal was dropped: %s", outcome.code, extra=requested.ids)
        self._count("SignalsDropped" if isinstance(outcome, Dropped) else "SignalsShown")
        return None

    def _is_followed(self, settled: Settled) -> bool:
        """Move the message to the status of its delivery; return whether nothing is left for `status`."""
        if not settled.recorded or settled.delivery.replaced:
            return False
        try:
            self._follow(settled.delivery, settled.at)
        except Unavailable:
            return False
        return True
