"""Conversations and their participants."""

from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.desk import Desk


class ConversationType(StrEnum):
    ONE_TO_ONE = "1:1"
    GROUP = "GROUP"


class ConversationState(StrEnum):
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


FROM_THE_START: Final = ""
"""Sorts before every number of a message."""
JOINING: Final = "~"
"""Sorts after every number of a message."""


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """From where a person writes: the chat, its thread, and the channel account of ours."""

    channel: str
    account: str
    address: str
    thread: str | None = None


class Participant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member of a conversation, who sees the messages after number `joined_after`."""

    user_id: str
    joined_at: str
    number: int
    """No other participant has this number at the same time."""
    joined_after: str = FROM_THE_START
    wrote_from: Origin | None = None
    """From where the member wrote in the conversation last: an answer goes there."""

    @property
    def is_joining(self) -> bool:
        """Return whether the member has no place among the messages yet."""
        return self.joined_after == JOINING

    def sees(self, sequence: str) -> bool:
        return self.joined_after < sequence


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
    created_at: str
    overtaken: bool = False
    """This is a 1:1 conversation, and another 1:1 conversation of its customer has a later turn."""
    joined_into: str | None = None
    """The 1:1 conversation that goes on in the place of this one, since their customers were merged."""
    joined: tuple[str, ...] = ()
    """The conversations that go on in this one, directly or through another of them."""
    erased_at: str | None = None
    """When this 1:1 conversation was erased with its person, ISO 8601 UTC: nothing can be added to it."""
    desk: Desk = Desk()

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every id under which the messages of the conversation are stored, its own id first."""
        return self.conversation_id, *self.joined

    @property
    def is_over(self) -> bool:
        """Return whether somebody archived it. A joined conversation is archived, and goes on elsewhere."""
        return self.state is ConversationState.ARCHIVED and self.joined_into is None

    @property
    def active_at(self) -> str:
        """Return when the last activity was, up to a minute behind; without any, when it was created."""
        return self.desk.active_at or self.created_at

    def with_desk(self, desk: Desk) -> "Conversation":
        return msgspec.structs.replace(self, desk=desk)

    def has(self, user_id: str) -> bool:
        return self.participant(user_id) is not None

    def participant(self, user_id: str) -> Participant | None:
        found = (participant for participant in self.participants if participant.user_id == user_id)
        return next(found, None)
