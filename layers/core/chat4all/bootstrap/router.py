"""The `router` function: request one delivery per recipient and channel; replay events."""

from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import names
from chat4all.domain.events import ChatEvent
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.chat_events import NEEDED_MS, ChatRecords, RecordsOrReplay
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.stream_consumer import StreamConsumer
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.messaging.route_act import RouteAct
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.recovery.replay_messages import ReplayMessages


def handler() -> Handler:
    telemetry = Telemetry("router")
    settings = from_environment(RouterSettings)
    accepting = Accepting(settings, Queues(channels=by_channel(names(), "QUEUE")))
    route = RouteMessage(
        messages=accepting.messages,
        conversations=accepting.conversations,
        events=accepting.events,
        fallbacks=DynamoFallbacks(settings.messages_table),
        accept=accepting.accept,
        record_activity=RecordActivity(
            accepting.conversations, DynamoDesks(settings.conversations_table), runtime.now
        ),
        route_act=RouteAct(accepting.messages, accepting.accept, runtime.now),
        capabilities=accepting.capabilities,
        clock=runtime.now,
    )
    replay = ReplayMessages(accepting.messages, route)

    batch = StreamConsumer(
        ChatEvent,
        ChatRecords(route),
        accepting.sqs,
        queue_url=settings.chat_events_queue,
        dead_letter_queue_url=settings.chat_events_dead_letter_queue,
    )

    consume = consuming(telemetry.count, batch, NEEDED_MS)

    return telemetry.observing(RecordsOrReplay(consume, replay, telemetry.count))
