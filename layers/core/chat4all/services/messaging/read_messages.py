"""Read messages, histories, and the progress of a message."""

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all.domain.conversation import FROM_THE_START
from chat4all.domain.decisions import StepDecision, decisions_of
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import ConversationNotFound, Detail, Invalid, MessageNotFound, NotAParticipant
from chat4all.domain.message import Message
from chat4all.domain.pages import Page, SentCursor, SequenceCursor, TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.sent_order import numbers_left, sent_place
from chat4all.services.directory.ports import Conversations
from chat4all.services.messaging.ports import Deliveries, Fallbacks, MessageQuery, Messages

MOST_PAGE_BYTES: Final = 5_000_000
"""The most bytes of messages in a page, as JSON within the JSON of a function's answer. Lambda takes 6 MB of
answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class MessageProgress(msgspec.Struct, frozen=True):
    message: Message
    deliveries: tuple[DeliveryPart, ...]
    """The deliveries that were begun, ordered by recipient, channel, step and part."""
    plan: tuple[StepDecision, ...] = ()
    """The decisions on the steps for each recipient, where the message has several steps and was routed."""
    edit: "ActProgress | None" = None
    """The latest edit."""
    deletion: "ActProgress | None" = None


class ActProgress(msgspec.Struct, frozen=True):
    """An act on a message: its record, and its deliveries that were begun."""

    record: Message
    deliveries: tuple[DeliveryPart, ...]


class ReadMessages:
    def __init__(
        self,
        messages: Messages,
        deliveries: Deliveries,
        conversations: Conversations,
        fallbacks: Fallbacks,
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._conversations = conversations
        self._fallbacks = fallbacks

    def get(self, message_id: str) -> Message:
        """Return the message; raises NotFound."""
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        return message

    def progress(self, message_id: str) -> MessageProgress:
        """Return the message, its deliveries and the decisions on its steps; raises NotFound."""
        message = self.get(message_id)
        deliveries = self._deliveries.of_message(message_id)
        deliveries.sort(key=lambda part: (part.recipient_id, part.channel, part.step, part.part))
        begun = self._fallbacks.of_message(message_id) if len(message.steps) > 1 else ()
        plan = (decision for fallback in begun for decision in decisions_of(fallback, message.choose))
        return MessageProgress(
            message,
            tuple(deliveries),
            tuple(plan),
            self._act(message.edit_id),
            self._act(message.deletion_id),
        )

    def _act(self, act_id: str | None) -> ActProgress | None:
        record = self._messages.get(act_id) if act_id is not None else None
        if record is None:
            return None
        return ActProgress(record, tuple(self._deliveries.of_message(record.message_id)))

    def history(
        self, conversation_id: str, participant_id: str | None, cursor: str | None, limit: int
    ) -> Page[Message]:
        """Return a page of messages, the newest first.

        With `participant_id`, the page holds only messages since that participant joined.
        """
        before = decode_cursor(cursor, SequenceCursor).sequence if cursor is not None else None
        after = self._visible_after(conversation_id, participant_id)
        found = self._messages.history(conversation_id, after, before, limit + 1)
        shown = tuple(found[: _fitting(found[:limit])])
        more = len(found) > len(shown)
        return Page(shown, encode_cursor(SequenceCursor(shown[-1].sequence)) if more else None)

    def history_by_sent(
        self, conversation_id: str, participant_id: str | None, cursor: str | None, limit: int
    ) -> Page[Message]:
        """Return a page of the same messages as `history`, the latest sent first.

        The provider's time counts. A message that came over no channel was sent when it was accepted.
        """
        past = decode_cursor(cursor, SentCursor) if cursor is not None else None
        after = self._visible_after(conversation_id, participant_id)
        found = self._messages.history_by_sent(conversation_id, after, past, limit + 1)
        shown = tuple(found[: _fitting(found[:limit])])
        if len(found) == len(shown):
            return Page(shown, None)
        under = numbers_left(shown, past.under if past is not None else None)
        return Page(shown, encode_cursor(SentCursor(*sent_place(shown[-1]), under)))

    def search(self, query: MessageQuery, cursor: str | None, limit: int) -> Page[Message]:
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._messages.search(query, after, limit + 1)
        messages = self._messages.get_many([message_id for _, message_id in found[:limit]])
        by_id = {message.message_id: message for message in messages}
        shown = found[: _fitting([by_id.get(message_id) for _, message_id in found[:limit]])]
        items = tuple(by_id[message_id] for _, message_id in shown if message_id in by_id)
        return Page(items, encode_cursor(shown[-1][0]) if len(found) > len(shown) else None)

    def _visible_after(self, conversation_id: str, participant_id: str | None) -> str:
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            raise ConversationNotFound("There is no such conversation.")
        if participant_id is None:
            return FROM_THE_START
        for participant in conversation.participants:
            if participant.user_id == participant_id:
                return participant.joined_after
        raise NotAParticipant(
            "The user is not a participant of this conversation.",
            Detail("participant_id", "is not a participant"),
        )


def _fitting(messages: Sequence[Message | None]) -> int:
    """Return how many of the first messages fit into one answer, at least one."""
    size = 0
    for number, message in enumerate(messages):
        size += len(json.dumps(msgspec.json.encode(message).decode()))
        if number and size > MOST_PAGE_BYTES:
            return number
    return len(messages)


def exactly_one(**criteria: str | None) -> None:
    """Raise Invalid unless exactly one of the criteria is given."""
    given = [name for name, value in criteria.items() if value is not None]
    if len(given) != 1:
        wanted = ", ".join(criteria)
        raise Invalid(f"Exactly one of {wanted} is needed.", Detail(wanted, f"{len(given)} were given"))
