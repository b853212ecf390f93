"""The `router` function: request one delivery per recipient and channel; replay events."""

from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.queues.sqs import Queues, SqsEvents
from chat4all.bootstrap import runtime
from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import capabilities, names
from chat4all.domain.events import MessageAccepted
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.accepted_messages import NEEDED_MS, AcceptedRecords, RecordsOrReplay
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.stream_consumer import StreamConsumer
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.recovery.replay_messages import ReplayMessages


def handler() -> Handler:
    telemetry = Telemetry("router")
    settings = from_environment(RouterSettings)
    sqs = runtime.sqs()
    messages = DynamoMessages(settings.messages_table)
    route = RouteMessage(
        messages,
        SqsEvents(sqs, Queues(channels=by_channel(names(), "QUEUE"))),
        DynamoFallbacks(settings.messages_table),
        capabilities(),
        runtime.now,
    )
    replay = ReplayMessages(messages, route)

    batch = StreamConsumer(
        MessageAccepted,
        AcceptedRecords(route),
        sqs,
        queue_url=settings.chat_events_queue,
        dead_letter_queue_url=settings.chat_events_dead_letter_queue,
    )

    consume = consuming(telemetry.count, batch, NEEDED_MS)

    return telemetry.observing(RecordsOrReplay(consume, replay, telemetry.count))
