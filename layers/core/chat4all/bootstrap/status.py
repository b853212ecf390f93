"""The `status` function: move deliveries and messages forward."""

from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.sqs import Queues
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.settings import StatusSettings, from_environment
from chat4all.bootstrap.telemetry import Handler, Telemetry, consuming
from chat4all.domain.events import StatusUpdate
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.record_status import Recorded, RecordStatus

NEEDED_MS = 5_000
UNKNOWN_WAIT_S = 1.0
UNKNOWN_TRIES = 4
"""A receipt may arrive a moment before its send is recorded; after so many tries the receipt is parked."""


def handler() -> Handler:
    telemetry = Telemetry("status")
    settings = from_environment(StatusSettings)
    sqs = runtime.sqs()
    events = streams.events(settings, sqs, Queues())
    record_status = RecordStatus(
        DynamoMessages(settings.messages_table),
        DynamoDeliveries(settings.messages_table),
        FallBack(DynamoFallbacks(settings.messages_table), events, runtime.now),
        log_failure,
        runtime.now,
    )

    def handle(update: StatusUpdate, record: Received) -> HandBack | None:
        if record_status(update) is Recorded.DONE:
            telemetry.count(f"Status{update.status.value.capitalize()}")
            return None
        if record.receive_count < UNKNOWN_TRIES:
            return HandBack(UNKNOWN_WAIT_S)
        record_status.park(update)
        telemetry.count("StatusesParked")
        return None

    batch = streams.StreamConsumer(
        StatusUpdate,
        handle,
        sqs,
        queue_url=settings.status_updates_queue,
        dead_letter_queue_url=settings.status_updates_dead_letter_queue,
    )

    return consuming(telemetry, batch, NEEDED_MS)
