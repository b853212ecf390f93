"""Create, change and list conversations."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.conversation import (
    JOINING,
    Conversation,
    ConversationState,
    ConversationType,
    Participant,
)
from chat4all.domain.desk import at_hand
from chat4all.domain.erasing import require_kept
from chat4all.domain.errors import (
    Detail,
    GroupFull,
    GroupTooSmall,
    Invalid,
    NotAGroup,
    ParticipantNotFound,
    Unavailable,
    UnknownUser,
)
from chat4all.domain.events import ParticipantJoining
from chat4all.domain.person import User, UserType
from chat4all.services.directory.known import known_conversation
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.messaging.ports import Events

SIZES: Final = {ConversationType.ONE_TO_ONE: (2, 2), ConversationType.GROUP: (3, 100)}
"""The fewest and the most participants of each type."""


class NewConversation(msgspec.Struct, frozen=True):
    type: ConversationType
    participants: tuple[str, ...]
    primary_channel: str | None = None
    title: str | None = None
    metadata: dict[str, str] = {}


class ManageConversations:
    def __init__(
        self,
        conversations: Conversations,
        directory: Directory,
        events: Events,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._events = events
        self._conversations = conversations
        self._directory = directory
        self._clock = clock
        self._new_id = new_id

    def create(self, new: NewConversation) -> Conversation:
        """Create a conversation.

        Raises:
            Invalid: there are too few or too many participants, or a participant is named twice or unknown.
        """
        users = self._check(new)
        now = iso(self._clock())
        conversation = Conversation(
            conversation_id=self._new_id(),
            type=new.type,
            state=ConversationState.ACTIVE,
            participants=tuple(
                Participant(user_id, now, number) for number, user_id in enumerate(new.participants)
            ),
            primary_channel=new.primary_channel,
            title=new.title,
            metadata=new.metadata,
            version=1,
            created_at=now,
        )
        one_to_one = new.type is ConversationType.ONE_TO_ONE
        customers = [user.user_id for user in users.values() if one_to_one and user.type is UserType.CUSTOMER]
        self._conversations.create(conversation, customers)
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        """Return the conversation; raises NotFound."""
        return known_conversation(self._conversations, conversation_id)

    def set_state(self, conversation_id: str, state: ConversationState) -> Conversation:
        """Archive or reactivate the conversation.

        Raises:
            NotFound: no such conversation.
            ConversationJoined: the conversation goes on in another conversation.
            SamePerson: the two participants of a 1:1 conversation were merged.
            UserErased: the conversation to reactivate was erased with its person.
            Unavailable: another request has changed the conversation, or AWS did not answer.
        """
        conversation = self.get(conversation_id)
        is_active = state is ConversationState.ACTIVE
        if is_active:
            require_kept(conversation)
        desk = at_hand(conversation.desk, is_active=is_active, now=self._clock())
        is_same = (state, desk.is_idle) == (conversation.state, conversation.desk.is_idle)
        if not is_same and not self._conversations.set_state(conversation, state, desk):
            raise _changing()
        return self.get(conversation_id)

    def add_participant(self, conversation_id: str, user_id: str) -> Conversation:
        """Add a participant to a group; the participant sees the messages from now on.

        Raises:
            NotFound: no such conversation.
            Invalid: no such user.
            Conflict: the conversation is not a group, or the group is full.
            Unavailable: another request has changed the conversation.
        """
        conversation = self._group(conversation_id)
        present = conversation.participant(user_id)
        if present is not None:
            return self._place(conversation_id, present) if present.is_joining else conversation
        if len(conversation.participants) >= SIZES[ConversationType.GROUP][1]:
            raise GroupFull("The group is full.")
        self._check_known([user_id], "user_id")
        number = 1 + max(participant.number for participant in conversation.participants)
        joining = Participant(user_id, iso(self._clock()), number, JOINING)
        if not self._conversations.add_participant(conversation, joining):
            raise _changing()
        return self._place(conversation_id, joining)

    def remove_participant(self, conversation_id: str, user_id: str) -> Conversation:
        """Remove a participant from a group.

        Raises:
            NotFound: no such conversation, or the user is not a participant.
            Conflict: the conversation is not a group, or the group would be too small.
            Unavailable: another request has changed the conversation.
        """
        conversation = self._group(conversation_id)
        if not conversation.has(user_id):
            raise ParticipantNotFound("The user is not a participant of this conversation.")
        if len(conversation.participants) <= SIZES[ConversationType.GROUP][0]:
            raise GroupTooSmall("A group keeps at least 3 participants.")
        if not self._conversations.remove_participant(conversation, user_id):
            raise _changing()
        return self.get(conversation_id)

    def _place(self, conversation_id: str, joining: Participant) -> Conversation:
        """Give the participant a place among the messages.

        If the process dies before this, the participant sees no messages until the request is repeated.
        """
        event = ParticipantJoining(conversation_id, joining.user_id, joining.joined_at)
        number = self._events.participant_joining(event)
        self._conversations.place_participant(conversation_id, joining.user_id, joining.joined_at, number)
        return self.get(conversation_id)

    def _group(self, conversation_id: str) -> Conversation:
        conversation = self.get(conversation_id)
        if conversation.type is not ConversationType.GROUP:
            raise NotAGroup("A 1:1 conversation keeps its two participants.")
        return conversation

    def _check(self, new: NewConversation) -> dict[str, User]:
        fewest, most = SIZES[new.type]
        if not fewest <= len(new.participants) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise Invalid(
                f"A {new.type} conversation has {wanted} participants.",
                Detail("participants", f"must be {wanted}, not {len(new.participants)}"),
            )
        if len(set(new.participants)) != len(new.participants):
            raise Invalid(
                "A participant is named twice; name each participant once.",
                Detail("participants", "must be different users"),
            )
        return self._check_known(new.participants, "participants")

    def _check_known(self, user_ids: Sequence[str], field: str) -> dict[str, User]:
        known = self._directory.get_many(user_ids)
        details = [
            Detail(f"{field}[{index}]" if len(user_ids) > 1 else field, "is not a known user")
            for index, user_id in enumerate(user_ids)
            if user_id not in known or known[user_id].erased_at is not None
        ]
        if details:
            raise UnknownUser("Not every participant is a known user.", *details)
        return known


def _changing() -> Unavailable:
    return Unavailable("Another request has changed the conversation; try again.", retry_after=1)
