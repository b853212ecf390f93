"""The stored records: users and their identities, conversations, messages, deliveries, API keys."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.content import Content
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.status import Status, StatusChange

INBOX_USER_ID: Final = "00000000-0000-4000-8000-000000000000"
"""The agent of the conversation that Chat4All creates when an unknown person writes."""


class UserType(StrEnum):
    AGENT = "AGENT"
    CUSTOMER = "CUSTOMER"


class Identity(msgspec.Struct, frozen=True):
    """A person's address on one channel. (channel, account, address) belongs to one user only."""

    channel: str
    account: str
    address: str
    linked_at: str
    phone: str | None = None
    handle: str | None = None


class User(msgspec.Struct, frozen=True):
    """An agent or a customer, with their identities."""

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


class Edit(msgspec.Struct, frozen=True):
    """The content of a message as it stood before the person changed it at `at`."""

    content: Content
    at: str


MOST_EDITS_BYTES: Final = 100_000
"""The size of the edits as JSON. A row of DynamoDB holds 400 KB, and a person may edit a long text often."""


def is_latest(edits: Sequence[Edit], content: Content, changed: Content, at: str) -> bool:
    """Return whether the change to `changed` at `at` is later than the `edits` that led to `content`.

    Providers give the time to the second. Of several changes in one second the last to arrive counts, unless
    the message already had this content in that second.
    """
    if any(edit.at > at for edit in edits):
        return False
    results = [*(edit.content for edit in edits[1:]), content]
    return (at, changed) not in {(edit.at, result) for edit, result in zip(edits, results, strict=False)}


def with_edit(edits: Sequence[Edit], edit: Edit) -> tuple[Edit, ...]:
    """Return `edits` with `edit` added, cut to MOST_EDITS_BYTES.

    The first edit, which holds the message as it was sent, stays. Of the others the latest stay, as many as
    fit.
    """
    first, *later = (*edits, edit)
    left = MOST_EDITS_BYTES - len(msgspec.json.encode(first))
    kept: list[Edit] = []
    for later_edit in reversed(later):
        left -= len(msgspec.json.encode(later_edit))
        if kept and left < 0:
            break
        kept.append(later_edit)
    return (first, *reversed(kept))


class Message(msgspec.Struct, frozen=True):
    """A message of a conversation; `sequence` numbers the messages in the order of acceptance.

    Of two messages that were accepted at the same time either may be delivered first, whatever their numbers.
    A message whose POST was answered before the other was posted has the lower number, and is delivered
    first.

    `fingerprint` distinguishes a repeated POST from another body under the same id. `channel` is the
    channel that a client asked for, or the channel that brought an inbound message. `account` is the channel
    account that received an inbound message. `round` counts the redrives. Deliveries try `channels` in their
    order, `delivery_timeout_s` seconds each.
    """

    message_id: str
    conversation_id: str
    sequence: int
    sender_id: str
    content: Content
    status: Status
    status_history: tuple[StatusChange, ...]
    accepted_at: str
    fingerprint: str
    channel: str | None = None
    account: str | None = None
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    provider_message_id: str | None = None
    edits: tuple[Edit, ...] = ()
    error_code: str | None = None
    error_reason: str | None = None
    round: int = 0
    channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0


class DeliveryPart(msgspec.Struct, frozen=True):
    """A provider message on its way to a recipient: part `part` of `part_count` of a delivery.

    A delivery is one recipient on one channel; its parts are texts and files.
    `fallback`: the recipient has a next channel, which counts once the delivery on this channel is FAILED.
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
    """A stored API key: the store holds only the SHA-256 of its text."""

    key_id: str
    key_hash: str
    name: str
    scopes: frozenset[str]
    created_at: str
    disabled: bool = False
