"""The `router` function: request one delivery per recipient and channel.

The function also takes `{"replay": [event, ...]}`, with which `chat4all replay` invokes it. It answers
`{"replayed": [outcome, ...]}`; see `services.recovery.replay_messages`.
"""

from typing import Any, Final

import msgspec

from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.sqs import Queues
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import RouterSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Handler, LambdaContext, Telemetry, consuming
from chat4all.channels.registry import names
from chat4all.domain.events import ChatEvent
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.recovery.replay_messages import ReplayMessages

NEEDED_MS: Final = 5_000


class _Replay(msgspec.Struct, frozen=True):
    replay: list[ChatEvent]


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
        capabilities=accepting.capabilities,
        clock=runtime.now,
    )
    replay = ReplayMessages(accepting.messages, route)

    def handle_record(event: ChatEvent, record: Received) -> HandBack | None:
        route(event, record.number)
        return None

    batch = streams.StreamConsumer(
        ChatEvent,
        handle_record,
        accepting.sqs,
        queue_url=settings.chat_events_queue,
        dead_letter_queue_url=settings.chat_events_dead_letter_queue,
    )

    def replayed(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        outcomes = replay(msgspec.convert(event, _Replay).replay)
        telemetry.count("Replayed", len(outcomes))
        return {"replayed": outcomes}

    consume, replay_handler = consuming(telemetry, batch, NEEDED_MS), telemetry.observing(replayed)

    def handle(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        return replay_handler(event, context) if "replay" in event else consume(event, context)

    return handle
