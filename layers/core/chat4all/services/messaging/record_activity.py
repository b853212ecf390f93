"""Record at the desk that a message came: the last activity, whose turn it is, and that a status ends.

A message is recorded if the known activity is over a minute older, or if it changes the turn or the status.
So a message costs no read, and most messages cost no write.
"""

from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock, parse_iso
from chat4all.domain.conversation import Conversation, ConversationState
from chat4all.domain.desk import Writer, after_message, at_hand
from chat4all.domain.errors import SamePerson, Unavailable
from chat4all.domain.events import MessageSubmitted
from chat4all.domain.kinds import Reaction
from chat4all.domain.sent_order import sent_place
from chat4all.services.directory.going_on import going_on
from chat4all.services.directory.ports import Conversations, Desks

_TRIES: Final = 8
_CURRENT_FOR: Final = timedelta(days=1)
"""A message that was sent so long before its acceptance is history: imported, or very late."""


class RecordActivity:
    def __init__(self, conversations: Conversations, desks: Desks, clock: Clock) -> None:
        self._conversations = conversations
        self._desks = desks
        self._clock = clock

    def __call__(self, read: Conversation, submitted: MessageSubmitted) -> Conversation:
        """Record the message in the conversation as it was read; return the conversation as it is then.

        A message in a conversation that joined another is recorded in the other, where it is shown. A
        conversation that was archived after the message was accepted comes back if it was archived for its
        idle time, or by hand while a person wrote: no message is taken in where the conversation is archived
        already, so that the message came first. An erased conversation stays archived.

        Raises:
            Unavailable: the conversation is changing too quickly, or AWS did not answer.
        """
        conversation = read
        for _ in range(_TRIES):
            place = going_on(conversation, self._conversations) or conversation
            recorded = self._recorded(place, submitted)
            if recorded is not None:
                return recorded if place is conversation else conversation
            conversation = self._conversations.get(read.conversation_id) or conversation
        raise Unavailable("The conversation is changing too quickly; try again.", retry_after=1)

    def _recorded(self, conversation: Conversation, submitted: MessageSubmitted) -> Conversation | None:
        """Return the conversation after the message; None if it must be read again."""
        if conversation.state is ConversationState.ACTIVE:
            at = submitted.message.accepted_at
            desk = after_message(conversation.desk, _turn_of(submitted), at, conversation.active_at)
            is_recorded = desk == conversation.desk or self._desks.save(conversation, desk)
            return conversation.with_desk(desk) if is_recorded else None
        is_forgotten = conversation.desk.is_put_away and _turn_of(submitted) is Writer.PERSON
        if not (conversation.desk.is_idle or is_forgotten):
            return conversation
        desk = at_hand(conversation.desk, is_active=True, now=self._clock())
        try:
            self._conversations.set_state(conversation, ConversationState.ACTIVE, desk)
        except SamePerson:
            return conversation
        return None


def _turn_of(submitted: MessageSubmitted) -> Writer | None:
    """Return who wrote the message; None if it is a reaction, or asks and answers nothing by now."""
    message = submitted.message
    if isinstance(message.content, Reaction):
        return None
    is_old = parse_iso(message.accepted_at) - parse_iso(sent_place(message).sent_at) > _CURRENT_FOR
    return None if is_old else submitted.writer
