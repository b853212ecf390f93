"""Count what an agent has not read: people's messages after the agent's mark and the agent's own messages.

The messages of conversations that joined one count with its own, in the order of their acceptance. Each of
them has a mark.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import msgspec

from chat4all.domain.conversation import FROM_THE_START, Conversation
from chat4all.domain.errors import MessageNotFound
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import Message
from chat4all.domain.person import UserType
from chat4all.services.directory.known import known_conversation, require_agent
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.messaging.ports import Messages

MOST_COUNTED: Final = 100


class Unread(msgspec.Struct, frozen=True):
    """The messages that are not read; with `more`, there may be more: not all messages were looked at."""

    unread: int
    more: bool


class CountUnread:
    def __init__(self, conversations: Conversations, directory: Directory, messages: Messages) -> None:
        self._conversations = conversations
        self._directory = directory
        self._messages = messages

    def __call__(self, conversation_id: str, user_id: str) -> Unread:
        """Count in one conversation.

        Raises:
            NotFound: no such conversation.
            UnknownUser: the user is no agent.
        """
        conversation = known_conversation(self._conversations, conversation_id)
        return self.of_each([conversation], user_id)[0]

    def of_each(
        self, conversations: Sequence[Conversation], user_id: str, field: str = "user_id"
    ) -> list[Unread]:
        """Count in each conversation; raise UnknownUser with the field if the user is no agent."""
        people = self._people(conversations, user_id, field)
        return [self._count(conversation, user_id, people) for conversation in conversations]

    def _people(self, conversations: Sequence[Conversation], user_id: str, field: str) -> set[str]:
        """Return the customers of the conversations, and of those that joined them."""
        joined = [place for conversation in conversations for place in conversation.joined]
        known = (*conversations, *self._conversations.get_many(joined)) if joined else conversations
        members = (member.user_id for conversation in known for member in conversation.participants)
        users = self._directory.get_many({user_id, *members})
        require_agent(users.get(user_id), "reader", field)
        return {name for name, user in users.items() if user.type is UserType.CUSTOMER}

    def mark(self, conversation_id: str, user_id: str, message_id: str | None) -> Unread:
        """Record that the agent has read up to this message, or all; an earlier mark changes nothing.

        Raises:
            NotFound: no such conversation, or the message is not in it.
            UnknownUser: the user is no agent.
        """
        conversation = known_conversation(self._conversations, conversation_id)
        people = self._people([conversation], user_id, "user_id")
        message = self._messages.get(message_id) if message_id is not None else None
        if message_id is not None and (
            message is None
            or message.conversation_id not in conversation.ids
            or message.notice is not None
            or message.act is not None
        ):
            raise MessageNotFound("There is no such message in this conversation.")
        for place in conversation.ids:
            latest = self._latest(place, message)
            if latest:
                self._conversations.record_read(place, user_id, latest)
        return self._count(conversation, user_id, people)

    def _latest(self, place: str, message: Message | None) -> str:
        """Return the number of the latest message of the place that is not after `message`.

        Only the latest messages, which are counted, are looked at.
        """
        if message is not None and message.conversation_id == place:
            return message.sequence
        found = self._messages.history(place, FROM_THE_START, None, MOST_COUNTED + 1 if message else 1)
        read = (each for each in found if message is None or each.accepted_at <= message.accepted_at)
        return next((each.sequence for each in read), FROM_THE_START)

    def _count(self, conversation: Conversation, user_id: str, people: set[str]) -> Unread:
        senders = self._senders(conversation, user_id)
        since = list(takewhile(lambda sender: sender != user_id, senders))
        counted = sum(sender in people for sender in since)
        return Unread(min(counted, MOST_COUNTED), more=len(since) > MOST_COUNTED)

    def _senders(self, conversation: Conversation, user_id: str) -> list[str | None]:
        """Return the senders after the agent's marks, the latest first; None for a reaction."""
        after = {
            place: self._conversations.read_up_to(place, user_id) or FROM_THE_START
            for place in conversation.ids
        }
        if not conversation.joined:
            own = conversation.conversation_id
            return self._messages.senders(own, after[own], MOST_COUNTED + 1)
        found = [
            message
            for place, mark in after.items()
            for message in self._messages.history(place, mark, None, MOST_COUNTED + 1)
        ]
        found.sort(key=lambda message: message.accepted_at, reverse=True)
        return [
            None if isinstance(message.content, Reaction) else message.sender_id
            for message in found[: MOST_COUNTED + 1]
        ]
