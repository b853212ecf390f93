"""The `status` function: record the statuses that other functions could not record."""

from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.circuits import circuits
from chat4all.bootstrap.settings import StatusSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.domain.events import StatusUpdate
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.statuses import NEEDED_MS, StatusRecords
from chat4all.entrypoints.queues.stream_consumer import StreamConsumer
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery, RecordStatus
from chat4all.services.messaging.try_again import TryAgain


def handler() -> Handler:
    telemetry = Telemetry("status")
    settings = from_environment(StatusSettings)
    sqs = runtime.sqs()
    events = streams.events(settings, sqs, Queues())
    deliveries = DynamoDeliveries(settings.messages_table)
    messages = DynamoMessages(settings.messages_table)
    follow = FollowDelivery(messages, deliveries)
    record_status = RecordStatus(
        ApplyStatus(messages, deliveries, follow, log_failure),
        deliveries,
        FallBack(DynamoFallbacks(settings.messages_table), events, runtime.now),
        TryAgain(
            messages,
            deliveries,
            circuits(settings.powertools_service_name, settings.limits_table, telemetry.count),
            runtime.now,
            runtime.jitter,
        ),
        runtime.now,
    )

    batch = StreamConsumer(
        StatusUpdate,
        StatusRecords(record_status, telemetry.count),
        sqs,
        queue_url=settings.status_updates_queue,
        dead_letter_queue_url=settings.status_updates_dead_letter_queue,
    )

    return telemetry.observing(consuming(telemetry.count, batch, NEEDED_MS))
