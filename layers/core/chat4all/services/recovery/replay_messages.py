"""Replay messages: route them once more, from a stream that still holds their events.

No message is sent twice: a message that is no longer PENDING is skipped, and each delivery of the other
messages is claimed before it is sent. A message that was never routed is skipped, too: its event is on its
way, and earlier events of its conversation must come first.
"""

from collections.abc import Sequence
from enum import StrEnum

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import ChatEvent, MessageAccepted, MessageSubmitted
from chat4all.domain.status import Status
from chat4all.services.messaging.ports import Messages
from chat4all.services.messaging.route_message import RouteMessage


class Replayed(StrEnum):
    ROUTED = "routed"
    """The deliveries that are not sent yet were requested again."""
    DONE = "done"
    """The message is not PENDING, or the event is a join, which a replay does not repeat."""
    ON_ITS_WAY = "on_its_way"
    """The message was not routed before."""
    UNKNOWN = "unknown"
    """No such message is stored."""
    FAILED = "failed"
    """The replay may be tried again. Later messages of its conversation fail with it, to keep their order."""


class ReplayMessages:
    def __init__(self, messages: Messages, route: RouteMessage) -> None:
        self._messages = messages
        self._route = route

    def __call__(self, events: Sequence[ChatEvent]) -> list[Replayed]:
        """Replay the events in the order of each conversation; return the outcome of each event."""
        stopped: set[str] = set()
        outcomes = []
        for event in events:
            outcome = Replayed.FAILED if event.conversation_id in stopped else self._replay(event)
            if outcome is Replayed.FAILED:
                stopped.add(event.conversation_id)
            outcomes.append(outcome)
        return outcomes

    def _replay(self, event: ChatEvent) -> Replayed:
        try:
            match event:
                case MessageSubmitted(message=submitted):
                    message = self._messages.get(submitted.message_id)
                case MessageAccepted(message_id=message_id):
                    message = self._messages.get(message_id)
                case _:
                    return Replayed.DONE
            if message is None:
                return Replayed.UNKNOWN
            if message.status is not Status.PENDING:
                return Replayed.DONE
            if not message.routed:
                return Replayed.ON_ITS_WAY
            self._route(event, message.sequence)
        except Unavailable:
            return Replayed.FAILED
        return Replayed.ROUTED
