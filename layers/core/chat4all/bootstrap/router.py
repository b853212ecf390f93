"""The `router` function: one delivery per recipient and channel."""

from chat4all.adapters.batches import Batch, HandBack, Record
from chat4all.adapters.channels.registry import capabilities, names
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.sqs import Queues, SqsEvents
from chat4all.bootstrap import world
from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Handler, Telemetry, consuming
from chat4all.domain.events import MessageAccepted
from chat4all.services.route_message import RouteMessage

NEEDED_MS = 5_000


def handler() -> Handler:
    telemetry = Telemetry("router")
    settings = from_environment(RouterSettings)
    sqs = world.sqs()
    events = SqsEvents(sqs, Queues(channels=by_channel(names(), "QUEUE")))
    route = RouteMessage(
        DynamoMessages(settings.messages_table),
        events,
        DynamoFallbacks(settings.messages_table),
        capabilities(),
        world.now,
    )

    def one(accepted: MessageAccepted, _record: Record) -> HandBack | None:
        route(accepted)
        return None

    batch = Batch(MessageAccepted, one, sqs, settings.chat_events_queue)

    return consuming(telemetry, batch, NEEDED_MS)
