"""The things that are kept: users and their identities, conversations, messages, deliveries, keys."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.files import Attachment
from chat4all.domain.status import Status, StatusChange

INBOX_USER_ID: Final = "00000000-0000-4000-8000-000000000000"
"""The agent who is in the conversation that begins when an unknown person writes."""


class UserType(StrEnum):
    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"


class Identity(msgspec.Struct, frozen=True):
    """How a person is known on one channel; (channel, account, address) belongs to one user only."""

    channel: str
    account: str
    address: str
    linked_at: str
    phone: str | None = None
    handle: str | None = None


class User(msgspec.Struct, frozen=True):
    user_id: str
    type: UserType
    display_name: str
    identities: tuple[Identity, ...]
    metadata: dict[str, str]
    created_at: str


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
    """`version` changes with the participants and the state, not with messages."""

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


class MessageKind(StrEnum):
    TEXT = "TEXT"
    UNSUPPORTED = "UNSUPPORTED"


class Edit(msgspec.Struct, frozen=True):
    """A text as it stood before it was changed at `at`."""

    content: str
    at: str


MOST_EDITS_BYTES: Final = 100_000
"""As JSON. A row of DynamoDB holds 400 KB, and a person may change a long text again and again."""


def is_latest(edits: Sequence[Edit], content: str, text: str, at: str) -> bool:
    """Whether `text`, to which a message of this `content` and these `edits` was changed at `at`, is later than all that it was.

    Providers tell the second: of several changes in one, what comes last counts, unless the text was there in that second already.
    """
    if any(edit.at > at for edit in edits):
        return False
    texts = [*(edit.content for edit in edits[1:]), content]
    return (at, text) not in {(edit.at, made) for edit, made in zip(edits, texts, strict=False)}


def with_edit(edits: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """`edit` after the others: of those the first, which is the text as it was sent, and as many of the latest as fit."""
    first, *later = (*edits, edit)
    left = MOST_EDITS_BYTES - len(msgspec.json.encode(first))
    kept: list[Edit] = []
    for one in reversed(later):
        left -= len(msgspec.json.encode(one))
        if kept and left < 0:
            break
        kept.append(one)
    return (first, *reversed(kept))


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation; `sequence` numbers them in the order of acceptance.

    Of two that were accepted at the same time either may be delivered first, whatever their numbers; one that
    was answered before the other was posted has the lower number, and is delivered first.

    `fingerprint` tells a repeated POST from another body under the same id. `channel` is the
    channel a client asked for, or the one an inbound message came by. `raw` keeps the provider's
    form of an UNSUPPORTED one. `round` counts how often it was redriven.
    `channels` are tried one after the other, `delivery_timeout_s` seconds each.
    """

    message_id: str
    conversation_id: str
    sequence: int
    sender_id: str
    kind: MessageKind
    content: str
    status: Status
    status_history: tuple[StatusChange, ...]
    accepted_at: str
    fingerprint: str
    channel: str | None = None
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    provider_message_id: str | None = None
    raw: str | None = None
    edits: tuple[Edit, ...] = ()
    error_code: str | None = None
    error_reason: str | None = None
    round: int = 0
    channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    file: Attachment | None = None


class Delivery(msgspec.Struct, frozen=True):
    """One provider message on its way to one recipient: part `part` of `part_count` of the text.

    `fallback`: there is a next channel; once this one is FAILED, that one counts.
    """

    message_id: str
    recipient_id: str
    channel: str
    account: str
    address: str
    part: int
    part_count: int
    recipient_count: int
    status: Status
    attempts: int
    conversation_id: str
    sequence: int
    round: int = 0
    fallback: bool = False
    provider_message_id: str | None = None
    error_code: str | None = None
    error_reason: str | None = None
    status_history: tuple[StatusChange, ...] = ()

    @property
    def delivery_id(self) -> DeliveryId:
        return DeliveryId(self.message_id, self.recipient_id, self.channel, self.part, self.round)

    @property
    def replaced(self) -> bool:
        return self.fallback and self.status is Status.FAILED


class ApiKey(msgspec.Struct, frozen=True):
    """A key as it is kept: only its SHA-256 is known."""

    key_id: str
    key_hash: str
    name: str
    scopes: frozenset[str]
    created_at: str
    disabled: bool = False
