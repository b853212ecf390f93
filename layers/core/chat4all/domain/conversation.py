"""Conversations and their participants."""

from enum import StrEnum

import msgspec


class ConversationType(StrEnum):
    ONE_TO_ONE = "1:1"
    GROUP = "GROUP"


class ConversationState(StrEnum):
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class Participant(msgspec.Struct, frozen=True):
    """A member of a conversation, who sees the messages after number `joined_after`."""

    user_id: str
    joined_at: str
    joined_after: int


class Conversation(msgspec.Struct, frozen=True):
    """A conversation. `version` changes with the participants and the state, not with messages."""

    conversation_id: str
    type: ConversationType
    state: ConversationState
    participants: tuple[Participant, ...]
    primary_channel: str | None
    title: str | None
    metadata: dict[str, str]
    version: int
    sequence: int
    """The number of the latest message."""
    message_count: int
    last_activity_at: str
    created_at: str

    def has(self, user_id: str) -> bool:
        return any(participant.user_id == user_id for participant in self.participants)
