"""Routing messages once more, out of a stream that still holds them.

Nothing is sent twice: what is no longer PENDING is passed over here, and of the rest each delivery is claimed before it is sent.
What was never routed is passed over too: its event is on its way, and whatever lies before it in its conversation is to come
first. The `relay` sees to it if the event is lost.
"""

from collections.abc import Sequence
from enum import StrEnum

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import MessageAccepted
from chat4all.domain.status import Status
from chat4all.services.messaging.ports import Messages
from chat4all.services.messaging.route_message import RouteMessage


class Replayed(StrEnum):
    ROUTED = "routed"
    """Its deliveries are requested again, where they are not yet sent."""
    DONE = "done"
    """Nothing of it is PENDING."""
    ON_ITS_WAY = "on_its_way"
    """It was not routed before."""
    UNKNOWN = "unknown"
    """No such message is stored."""
    FAILED = "failed"
    """It may be tried again; so may those after it in its conversation, which stand still with it."""


class ReplayMessages:
    def __init__(self, messages: Messages, route: RouteMessage) -> None:
        self._messages = messages
        self._route = route

    def __call__(self, events: Sequence[MessageAccepted]) -> list[Replayed]:
        """What became of each. Their order in a conversation is kept."""
        stopped: set[str] = set()
        found = []
        for event in events:
            outcome = Replayed.FAILED if event.conversation_id in stopped else self._replay(event)
            if outcome is Replayed.FAILED:
                stopped.add(event.conversation_id)
            found.append(outcome)
        return found

    def _replay(self, event: MessageAccepted) -> Replayed:
        try:
            message = self._messages.get(event.message_id)
            if message is None:
                return Replayed.UNKNOWN
            if message.status is not Status.PENDING:
                return Replayed.DONE
            if self._messages.is_unrouted(event.message_id):
                return Replayed.ON_ITS_WAY
            self._route(event)
        except Unavailable:
            return Replayed.FAILED
        return Replayed.ROUTED
