"""The function of a channel, wired with the connector of the channel that the environment names."""

import functools
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.limits import DynamoLimiter
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.operators import Operators
from chat4all.adapters.s3_files import S3Files
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.adapters.sqs import Queues, SqsEvents
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.settings import ChannelSettings, from_environment
from chat4all.bootstrap.telemetry import Handler, Telemetry, consuming
from chat4all.channels.registry import capabilities, connector
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.public_addresses import public_address
from chat4all.domain.records import DeliveryPart
from chat4all.domain.status import Status
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.files.download_links import DownloadLinks
from chat4all.services.files.outgoing_file import OutgoingFile
from chat4all.services.messaging.circuit import ChannelCircuit
from chat4all.services.messaging.deliver import Deliver, Later, Outdated, Settled
from chat4all.services.messaging.hold_delivery import DeliverOrHold, Held
from chat4all.services.messaging.record_status import FollowDelivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

NEEDED_MS = 15_000
"""The time that a delivery needs: a provider may take 13 s to refuse a connection and to answer."""
UPLOAD_NEEDED_MS = 80_000
"""The time that a delivery needs with an upload of the largest file, and the answer to it."""
REPORT_WAIT_S = 1.0
CLAIM_MARGIN_S = 5


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
        events: SqsEvents,
        sqs: "SQSClient",
        queue_url: str,
        telemetry: Telemetry,
        *,
        follow: FollowDelivery,
        time_left: TimeLeft | None = None,
    ) -> None:
        self._deliver_or_hold = deliver_or_hold
        self._follow = follow
        self._events = events
        self._telemetry = telemetry
        self._time_left = time_left or TimeLeft()
        self._batch = Batch(DeliveryRequested, self._handle, sqs, queue_url)
        self._settled: list[tuple[Record, StatusUpdate]] = []

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._settled = []
        self._time_left.begin(still_in_time)
        answer = self._batch(event, still_in_time)
        updates = [update for _, update in self._settled]
        unpublished = self._events.status_updates(updates) if updates else []
        again = [record for record, update in self._settled if update in unpublished]
        self._batch.hand_back(again, REPORT_WAIT_S)
        answer["batchItemFailures"] += [{"itemIdentifier": record.message_id} for record in again]
        return answer

    def _handle(self, requested: DeliveryRequested, record: Record) -> HandBack | None:
        outcome = self._deliver_or_hold(requested, record.receive_count)
        if isinstance(outcome, Later):
            return HandBack(outcome.wait_s)
        if isinstance(outcome, Held):
            self._telemetry.count("DeliveriesHeld")
            return None
        if isinstance(outcome, Outdated):
            return None
        if not self._is_followed(outcome):
            self._settled.append((record, outcome.update))
        failed = outcome.delivery.status is Status.FAILED
        if failed:
            _log_failure(requested, outcome.delivery)
        self._telemetry.count("DeliveriesFailed" if failed else "DeliveriesSent")
        if outcome.taken_over:
            self._telemetry.count("PossibleRepeats")
        return None

    def _is_followed(self, settled: Settled) -> bool:
        if not settled.recorded or settled.delivery.replaced:
            return False
        try:
            self._follow(settled.delivery, settled.at)
        except Unavailable:
            return False
        return True


def _log_failure(requested: DeliveryRequested, delivery: DeliveryPart) -> None:
    """Log which delivery failed and why, in fields that a search of the logs finds.

    The log contains neither the text nor the address of the message.
    """
    found_by = {
        "message_id": requested.message_id,
        "conversation_id": requested.conversation_id,
        "recipient_id": requested.recipient.user_id,
        "channel": requested.recipient.channel,
        "error_code": delivery.error_code,
    }
    _log.warning("a delivery failed: %s", delivery.error_reason, extra=found_by)


def handler() -> Handler:
    settings = from_environment(ChannelSettings)
    telemetry = Telemetry(settings.channel)
    known = capabilities()
    sqs = runtime.sqs()
    claim_time = timedelta(seconds=settings.consumer_timeout + CLAIM_MARGIN_S)
    circuit = ChannelCircuit(
        settings.channel,
        DynamoBreakers(settings.limits_table),
        Operators(settings.powertools_service_name, telemetry.count).circuit_changed,
        runtime.now,
        claim_time,
    )
    files = DynamoFiles(settings.files_table)
    time_left = TimeLeft()
    deliveries = DynamoDeliveries(settings.messages_table)
    deliver = Deliver(
        connector=connector(settings.channel, HttpClient(), settings.base_url),
        deliveries=deliveries,
        limiter=DynamoLimiter(settings.limits_table, known),
        circuit=circuit,
        secrets=ManagedSecrets({settings.channel: settings.channel_secret}),
        file=OutgoingFile(
            files,
            S3Files(runtime.s3, settings.files_bucket),
            DownloadLinks(
                files,
                functools.partial(public_address, settings.public_url, settings.api_id),
                runtime.now,
            ),
        ),
        clock=runtime.now,
        new_id=runtime.new_id,
        jitter=runtime.jitter,
        claim_time=claim_time,
        in_time=time_left,
    )
    events = streams.events(settings, sqs, Queues())
    held_deliveries = DynamoHeldDeliveries(settings.messages_table, settings.limits_table)
    batch = DeliveryBatch(
        DeliverOrHold(deliver, held_deliveries, runtime.now),
        events,
        sqs,
        settings.channel_queue,
        telemetry,
        follow=FollowDelivery(DynamoMessages(settings.messages_table), deliveries),
        time_left=time_left,
    )

    return consuming(telemetry, batch, _needed_ms(known[settings.channel], settings.consumer_timeout))


def _needed_ms(channel: Capabilities, consumer_timeout: int) -> int:
    """Return the time that a delivery needs.

    If the function's timeout is short, the channel's files are small enough for the shorter time.
    """
    uploads = any(rule.transfer is Transfer.UPLOAD for rule in channel.media)
    return UPLOAD_NEEDED_MS if uploads and consumer_timeout * 1000 > UPLOAD_NEEDED_MS else NEEDED_MS
