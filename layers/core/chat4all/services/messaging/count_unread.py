"""Count what an agent has not read: people's messages after the agent's mark and the agent's own messages."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import msgspec

from chat4all.domain.conversation import FROM_THE_START, Conversation
from chat4all.domain.errors import ConversationNotFound, Detail, MessageNotFound, UnknownUser
from chat4all.domain.person import UserType
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
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            raise ConversationNotFound("There is no such conversation.")
        return self.of_each([conversation], user_id)[0]

    def of_each(
        self, conversations: Sequence[Conversation], user_id: str, field: str = "user_id"
    ) -> list[Unread]:
        """Count in each conversation; raise UnknownUser with the field if the user is no agent."""
        members = (member.user_id for conversation in conversations for member in conversation.participants)
        users = self._directory.get_many({user_id, *members})
        reader = users.get(user_id)
        if reader is None or reader.type is UserType.CUSTOMER:
            raise UnknownUser("The reader is no agent.", Detail(field, "is not a known agent"))
        people = {name for name, user in users.items() if user.type is UserType.CUSTOMER}
        return [self._count(conversation, user_id, people) for conversation in conversations]

    def mark(self, conversation_id: str, user_id: str, message_id: str | None) -> Unread:
        """Record that the agent has read up to this message, or all; an earlier mark changes nothing.

        Raises:
            NotFound: no such conversation, or the message is not in it.
            UnknownUser: the user is no agent.
        """
        self(conversation_id, user_id)
        if message_id is not None:
            message = self._messages.get(message_id)
            is_here = message is not None and message.conversation_id == conversation_id
            if message is None or not is_here or message.notice is not None or message.act is not None:
                raise MessageNotFound("There is no such message in this conversation.")
            latest = message.sequence
        else:
            found = self._messages.history(conversation_id, FROM_THE_START, None, 1)
            latest = found[0].sequence if found else FROM_THE_START
        if latest:
            self._conversations.record_read(conversation_id, user_id, latest)
        return self(conversation_id, user_id)

    def _count(self, conversation: Conversation, user_id: str, people: set[str]) -> Unread:
        after = self._conversations.read_up_to(conversation.conversation_id, user_id) or FROM_THE_START
        senders = self._messages.senders(conversation.conversation_id, after, MOST_COUNTED + 1)
        since = list(takewhile(lambda sender: sender != user_id, senders))
        counted = sum(sender in people for sender in since)
        return Unread(min(counted, MOST_COUNTED), more=len(since) > MOST_COUNTED)
