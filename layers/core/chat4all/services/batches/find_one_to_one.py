"""Find the 1:1 conversation of a sender with a customer, or begin it with the first message."""

import uuid
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Participant
from chat4all.domain.errors import Detail, NoIdentity, UserNotFound
from chat4all.domain.person import UserType
from chat4all.services.directory.ports import Conversations, Directory

MOST: Final = 100
"""The most active 1:1 conversations of a customer that are looked at, the latest turns first."""


class FindOneToOne:
    def __init__(self, conversations: Conversations, directory: Directory, clock: Clock) -> None:
        self._conversations = conversations
        self._directory = directory
        self._clock = clock

    def known(self, sender_id: str, user_id: str) -> str | None:
        """Return the id of the active 1:1 conversation with the latest turn, if there is one."""
        active = self._conversations.one_to_ones(user_id, MOST)
        found = {known.conversation_id: known for known in self._conversations.get_many(active)}
        with_sender = (
            conversation_id
            for conversation_id in active
            if conversation_id in found and found[conversation_id].has(sender_id)
        )
        return next(with_sender, None)

    def new(self, sender_id: str, user_id: str, batch_id: str) -> Conversation:
        """Return the 1:1 conversation that a batch would begin, the same at a repeat; it is not stored.

        Raises:
            NotFound: no such user.
            NoIdentity: the user is no customer.
        """
        user = self._directory.get(user_id)
        if user is None:
            raise UserNotFound("There is no such user.", Detail("user_id", "is not a known user"))
        if user.type is not UserType.CUSTOMER:
            raise NoIdentity("An agent reads over the API.", Detail("user_id", "is not a customer"))
        now = iso(self._clock())
        return Conversation(
            conversation_id=str(uuid.uuid5(uuid.UUID(batch_id), f"1:1 {sender_id} {user_id}")),
            type=ConversationType.ONE_TO_ONE,
            state=ConversationState.ACTIVE,
            participants=(Participant(sender_id, now, 0), Participant(user_id, now, 1)),
            primary_channel=None,
            title=None,
            metadata={},
            version=1,
            created_at=now,
        )

    def begin(self, conversation: Conversation, user_id: str) -> None:
        """Store the conversation, unless it is stored."""
        self._conversations.create(conversation, (user_id,))
