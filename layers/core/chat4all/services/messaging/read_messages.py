"""Read messages, histories, and the progress of a message."""

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from chat4all.domain.conversation import FROM_THE_START, Conversation, Participant
from chat4all.domain.decisions import StepDecision, decisions_of
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import Detail, Invalid, MessageNotFound, NotAParticipant
from chat4all.domain.message import Message
from chat4all.domain.pages import (
    Page,
    SentCursor,
    SequenceCursor,
    TimeCursor,
    decode_cursor,
    decode_places,
    encode_cursor,
    merged_entries,
)
from chat4all.domain.retention import is_over
from chat4all.domain.sent_order import numbers_left, sent_place
from chat4all.services.directory.known import known_conversation
from chat4all.services.directory.merged_users import known_user
from chat4all.services.directory.ports import Conversations, Directory
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
        directory: Directory,
        *,
        over_before: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Set the ports; `over_before` returns the time before which messages are over, if there is one."""
        self._over_before = over_before
        self._messages = messages
        self._deliveries = deliveries
        self._conversations = conversations
        self._fallbacks = fallbacks
        self._directory = directory

    def get(self, message_id: str) -> Message:
        """Return the message; raises NotFound."""
        message = self._messages.get(message_id)
        if message is None or is_over(message, self._over_before()):
            raise MessageNotFound("There is no such message.")
        return message

    def progress(self, message_id: str) -> MessageProgress:
        """Return the message, its deliveries and the decisions on its steps; raises NotFound."""
        return self.progress_of(self.get(message_id))

    def progress_of(self, message: Message) -> MessageProgress:
        """Return a message that was read, its deliveries and the decisions on its steps."""
        message_id = message.message_id
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

        With `participant_id`, the page holds only messages since that participant joined. The messages of
        conversations that joined this one stand among its own, by the times of their acceptance.
        """
        conversation, after = self._seen_by(conversation_id, participant_id)
        past = decode_places(cursor, SequenceCursor, conversation_id) if cursor is not None else {}
        found: dict[str, list[Message]] = {}
        for place in conversation.ids:
            before = past[place].sequence if place in past else None
            found[place] = self._messages.history(place, after, before, limit + 1)
        shown, more = _page(found, limit, lambda message: message.accepted_at)
        for place, messages in _by_conversation(shown).items():
            past[place] = SequenceCursor(messages[-1].sequence)
        return Page(self._kept(shown), _cursor(past, conversation_id) if more else None)

    def history_by_sent(
        self, conversation_id: str, participant_id: str | None, cursor: str | None, limit: int
    ) -> Page[Message]:
        """Return a page of the same messages as `history`, the latest sent first.

        The provider's time counts. A message that came over no channel was sent when it was accepted.
        """
        conversation, after = self._seen_by(conversation_id, participant_id)
        past = decode_places(cursor, SentCursor, conversation_id) if cursor is not None else {}
        found = {
            place: self._messages.history_by_sent(place, after, past.get(place), limit + 1)
            for place in conversation.ids
        }
        shown, more = _page(found, limit, lambda message: sent_place(message).sent_at)
        for place, messages in _by_conversation(shown).items():
            under = numbers_left(messages, past[place].under if place in past else None)
            past[place] = SentCursor(*sent_place(messages[-1]), under)
        return Page(self._kept(shown), _cursor(past, conversation_id) if more else None)

    def search(self, query: MessageQuery, cursor: str | None, limit: int) -> Page[Message]:
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._found(query, after, limit + 1)
        messages = self._messages.get_many([message_id for _, message_id in found[:limit]])
        by_id = {message.message_id: message for message in messages}
        shown = found[: _fitting([by_id.get(message_id) for _, message_id in found[:limit]])]
        items = tuple(by_id[message_id] for _, message_id in shown if message_id in by_id)
        return Page(self._kept(items), encode_cursor(shown[-1][0]) if len(found) > len(shown) else None)

    def _kept(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Leave out what is over and was not stripped yet. A page may be short, and still have a cursor."""
        before = self._over_before()
        return tuple(message for message in messages if not is_over(message, before))

    def _found(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """Return what a search finds; a search by sender finds the messages of all users who were merged."""
        user = known_user(self._directory, query.sender_id) if query.sender_id is not None else None
        if user is None or not user.merged:
            return self._messages.search(query, after, limit)
        queries = (msgspec.structs.replace(query, sender_id=user_id) for user_id in dict.fromkeys(user.ids))
        by_sender = (self._messages.search(each, after, limit) for each in queries)
        return merged_entries(by_sender, limit, query.order)

    def _seen_by(self, conversation_id: str, participant_id: str | None) -> tuple[Conversation, str]:
        """Return the conversation, and the number after which the participant sees its messages."""
        conversation = known_conversation(self._conversations, conversation_id)
        if participant_id is None:
            return conversation, FROM_THE_START
        participant = conversation.participant(participant_id) or self._as_merged(
            conversation, participant_id
        )
        if participant is None:
            raise NotAParticipant(
                "The user is not a participant of this conversation.",
                Detail("participant_id", "is not a participant"),
            )
        return conversation, participant.joined_after

    def _as_merged(self, conversation: Conversation, user_id: str) -> Participant | None:
        """Return the participant who is the same person as the user, since the users were merged."""
        user = known_user(self._directory, user_id)
        members = conversation.participants if user is not None else ()
        return next((member for member in members if user is not None and member.user_id in user.ids), None)


def _page(
    found: Mapping[str, Sequence[Message]], limit: int, time: Callable[[Message], str]
) -> tuple[tuple[Message, ...], bool]:
    """Return the latest messages of several histories, and whether there are more of them.

    The order of each history stays, also where its times are not in order.
    """
    merged = [*islice(heapq.merge(*found.values(), key=time, reverse=True), limit + 1)]
    shown = tuple(merged[: _fitting(merged[:limit])])
    return shown, len(merged) > len(shown)


def _by_conversation(messages: Sequence[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.conversation_id, []).append(message)
    return found


def _cursor(past: Mapping[str, SequenceCursor] | Mapping[str, SentCursor], conversation_id: str) -> str:
    """Return the cursor of a page; a history of one conversation has its place alone."""
    return encode_cursor(past[conversation_id] if {*past} == {conversation_id} else past)


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
