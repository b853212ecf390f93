"""Find the 1:1 conversation of a sender with a customer, or begin it."""

import uuid
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Participant
from chat4all.domain.errors import Detail, NoIdentity, UserNotFound
from chat4all.domain.person import UserType
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Conversations, Directory

MOST: Final = 100
"""The most active 1:1 conversations of a customer that are looked at, the latest turns first."""


class FindOneToOne:
    def __init__(self, conversations: Conversations, directory: Directory, clock: Clock) -> None:
        self._conversations = conversations
        self._directory = directory
        self._clock = clock

    def __call__(self, sender_id: str, user_id: str, batch_id: str) -> str:
        """Return the id of the active 1:1 conversation; one that a batch begins is the same at a repeat.

        Raises:
            NotFound: no such user.
            NoIdentity: the user is no customer.
        """
        active = self._conversations.one_to_ones(user_id, MOST)
        found = {known.conversation_id: known for known in self._conversations.get_many(active)}
        for conversation_id in active:
            if conversation_id in found and found[conversation_id].has(sender_id):
                return conversation_id
        return self._begin(sender_id, user_id, batch_id)

    def _begin(self, sender_id: str, user_id: str, batch_id: str) -> str:
        user = holder_of(self._directory, user_id)
        if user is None:
            raise UserNotFound("There is no such user.", Detail("user_id", "is not a known user"))
        if user.type is not UserType.CUSTOMER:
            raise NoIdentity("An agent reads over the API.", Detail("user_id", "is not a customer"))
        now = iso(self._clock())
        conversation = Conversation(
            conversation_id=str(uuid.uuid5(uuid.UUID(batch_id), f"1:1 {sender_id} {user_id}")),
            type=ConversationType.ONE_TO_ONE,
            state=ConversationState.ACTIVE,
            participants=(Participant(sender_id, now, 0), Participant(user.user_id, now, 1)),
            primary_channel=None,
            title=None,
            metadata={},
            version=1,
            created_at=now,
        )
        self._conversations.create(conversation, (user.user_id,))
        return conversation.conversation_id
