"""Handle the events of the `router` function: records of chat-events, and replays."""

from typing import Any, Final

import msgspec

from chat4all.domain.events import ChatEvent
from chat4all.entrypoints.invocation import Count, Handler, LambdaContext, WrongEvent, fields_of
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.recovery.replay_messages import ReplayMessages

NEEDED_MS: Final = 5_000
"""The time that a record needs."""


class _Replay(msgspec.Struct, frozen=True):
    replay: list[ChatEvent]


class ChatRecords:
    """The handler of a record of chat-events."""

    def __init__(self, route: RouteMessage) -> None:
        self._route = route

    def __call__(self, event: ChatEvent, record: Received) -> HandBack | None:
        self._route(event, record.number)
        return None


class RecordsOrReplay:
    """The handler of the `router` function.

    `{"replay": [event, ...]}` is answered with `{"replayed": [outcome, ...]}`; `consume` handles all other
    events.
    """

    def __init__(self, consume: Handler, replay: ReplayMessages, count: Count) -> None:
        self._consume = consume
        self._replay = replay
        self._count = count

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        return self._replayed(event) if "replay" in fields_of(event) else self._consume(event, context)

    def _replayed(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            replay = msgspec.convert(event, _Replay).replay
        except msgspec.ValidationError as error:
            raise WrongEvent("records of chat-events, or events to replay", event, str(error)) from error
        outcomes = self._replay(replay)
        self._count("Replayed", len(outcomes))
        return {"replayed": outcomes}
