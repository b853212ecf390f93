"""The function of a channel: the connector that the environment names, wired as every other."""

import functools
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.limits import DynamoLimiter
from chat4all.adapters.dynamodb.lines import DynamoLines
from chat4all.adapters.operators import Operators
from chat4all.adapters.s3_files import S3Files
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.adapters.sqs import Queues, SqsEvents
from chat4all.bootstrap import streams, world
from chat4all.bootstrap.settings import ChannelSettings, from_environment
from chat4all.bootstrap.telemetry import Handler, Telemetry, consuming
from chat4all.channels.registry import capabilities, connector
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.public_addresses import public_address
from chat4all.domain.status import Status
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.files.download_links import DownloadLinks
from chat4all.services.files.outgoing_file import OutgoingFile
from chat4all.services.messaging.circuit import ChannelCircuit
from chat4all.services.messaging.deliver import Deliver, Later, Outdated
from chat4all.services.messaging.wait_in_line import InLine, WaitInLine

_log = logging.getLogger(__name__)

NEEDED_MS = 15_000
"""A provider may take 13 s to refuse a connection and to answer."""
UPLOAD_NEEDED_MS = 80_000
"""What the largest file takes to be uploaded, and to be answered."""
REPORT_WAIT_S = 1.0
CLAIM_MARGIN_S = 5


class TimeLeft:
    """Whether the function has time for one more send: of the batch that it works on."""

    def __init__(self) -> None:
        self._still_in_time: Callable[[], bool] = lambda: True

    def begin(self, still_in_time: Callable[[], bool]) -> None:
        self._still_in_time = still_in_time

    def __call__(self) -> bool:
        return self._still_in_time()


class DeliveryBatch:
    """A batch of deliveries, whose statuses are published together at its end.

    A delivery whose status could not be published is handed back: it will be found done, and reported again.
    """

    def __init__(
        self,
        deliver: WaitInLine,
        events: SqsEvents,
        sqs: "world.Sqs",
        queue_url: str,
        telemetry: Telemetry,
        *,
        time_left: TimeLeft | None = None,
    ) -> None:
        self._deliver = deliver
        self._events = events
        self._telemetry = telemetry
        self._time_left = time_left or TimeLeft()
        self._batch = Batch(DeliveryRequested, self._one, sqs, queue_url)
        self._settled: list[tuple[Record, StatusUpdate]] = []

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._settled = []
        self._time_left.begin(still_in_time)
        answer = self._batch(event, still_in_time)
        unpublished = self._events.status_updates([update for _, update in self._settled])
        again = [record for record, update in self._settled if update in unpublished]
        self._batch.hand_back(again, REPORT_WAIT_S)
        answer["batchItemFailures"] += [{"itemIdentifier": record.message_id} for record in again]
        return answer

    def _one(self, requested: DeliveryRequested, record: Record) -> HandBack | None:
        outcome = self._deliver(requested, record.receive_count)
        if isinstance(outcome, Later):
            return HandBack(outcome.wait_s)
        if isinstance(outcome, InLine):
            self._telemetry.count("DeliveriesInLine")
            return None
        if isinstance(outcome, Outdated):
            return None
        self._settled.append((record, outcome.update))
        failed = outcome.update.status is Status.FAILED
        if failed:
            _log_failure(requested, outcome.update)
        self._telemetry.count("DeliveriesFailed" if failed else "DeliveriesSent")
        if outcome.taken_over:
            self._telemetry.count("PossibleRepeats")
        return None


def _log_failure(requested: DeliveryRequested, update: StatusUpdate) -> None:
    """Say which delivery failed and why, in fields that a search of the logs finds; neither text nor address."""
    found_by = {
        "message_id": requested.message_id,
        "conversation_id": requested.conversation_id,
        "recipient_id": requested.recipient.user_id,
        "channel": requested.recipient.channel,
        "error_code": update.error_code,
    }
    _log.warning("a delivery failed: %s", update.error_reason, extra=found_by)


def handler() -> Handler:
    settings = from_environment(ChannelSettings)
    telemetry = Telemetry(settings.channel)
    known = capabilities()
    sqs = world.sqs()
    claim_time = timedelta(seconds=settings.consumer_timeout + CLAIM_MARGIN_S)
    circuit = ChannelCircuit(
        settings.channel,
        DynamoBreakers(settings.limits_table),
        Operators(settings.powertools_service_name, telemetry.count).circuit_changed,
        world.now,
        claim_time,
    )
    files = DynamoFiles(settings.files_table)
    time_left = TimeLeft()
    deliver = Deliver(
        connector=connector(settings.channel, HttpClient(), settings.base_url),
        deliveries=DynamoDeliveries(settings.messages_table),
        limiter=DynamoLimiter(settings.limits_table, known),
        circuit=circuit,
        secrets=ManagedSecrets({settings.channel: settings.channel_secret}),
        file=OutgoingFile(
            files,
            S3Files(world.files_s3, settings.files_bucket),
            DownloadLinks(
                files,
                functools.partial(public_address, settings.public_url, settings.api_id),
                world.now,
            ),
        ),
        clock=world.now,
        new_id=world.new_id,
        jitter=world.jitter,
        claim_time=claim_time,
        in_time=time_left,
    )
    events = streams.events(settings, sqs, Queues())
    lines = DynamoLines(settings.messages_table, settings.limits_table)
    batch = DeliveryBatch(
        WaitInLine(deliver, lines, world.now),
        events,
        sqs,
        settings.channel_queue,
        telemetry,
        time_left=time_left,
    )

    return consuming(telemetry, batch, _needed_ms(known[settings.channel], settings.consumer_timeout))


def _needed_ms(channel: Capabilities, consumer_timeout: int) -> int:
    """How much time a delivery is to have; where the function's is short, files are small enough."""
    uploads = any(rule.transfer is Transfer.UPLOAD for rule in channel.media)
    return UPLOAD_NEEDED_MS if uploads and consumer_timeout * 1000 > UPLOAD_NEEDED_MS else NEEDED_MS
