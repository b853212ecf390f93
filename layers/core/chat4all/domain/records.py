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


FROM_THE_START: Final = ""
JOINING: Final = "~"
"""Texts that sort before and after every number of a message."""


class Participant(msgspec.Struct, frozen=True):
    """A member of a conversation, who sees the messages after number `joined_after`."""

    user_id: str
    joined_at: str
    number: int
    """Tells the participant from all who take part at the same time."""
    joined_after: str = FROM_THE_START

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
    """It is a 1:1 conversation, and another 1:1 conversation of its customer had its turn later."""

    def has(self, user_id: str) -> bool:
        return self.participant(user_id) is not None

    def participant(self, user_id: str) -> Participant | None:
        found = (participant for participant in self.participants if participant.user_id == user_id)
        return next(found, None)


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


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of a conversation.

    `sequence` is the message's number in its conversation: a text that sorts in the order of acceptance,
    which is the order of delivery, too. It is the number that the queue `chat-events` gave to the message;
    until then it is empty.

    `fingerprint` distinguishes a repeated POST from another body under the same id. `channel` brought an
    inbound message, or is the first channel for all recipients; it is None if there are several such
    channels. `account` is the channel account that received an inbound message. The sender named
    `asked_channels`, if any: deliveries try them in their order, `delivery_timeout_s` seconds each. `round`
    counts the redrives.
    """

    message_id: str
    conversation_id: str
    sequence: str
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
    asked_channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    routed: bool = False
    """The message has a state: its deliveries were requested, or are being requested."""


class DeliveryPart(msgspec.Struct, frozen=True):
    """A provider message on its way to a recipient: part `part` of `part_count` of a delivery.

    A delivery is one recipient on one channel; its parts are texts and files. `recipient_number` is the
    participant's number in the conversation, `route` the number of the channel among those to try.
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
    sequence: str
    recipient_number: int
    route: int = 0
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
