"""Messages."""

from enum import StrEnum

import msgspec

from chat4all.domain.acts import Act
from chat4all.domain.content import Content, Notice
from chat4all.domain.plan import Choose, Step
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import NOTHING, Author, Context, Received
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.windows import Tag


class Edit(msgspec.Struct, frozen=True):
    """The content of a message as it stood before the person changed it at `at`.

    `context` and `provider_fields` are of that content, too; they may be shortened.
    """

    content: Content
    at: str
    context: Context | None = None
    provider_fields: msgspec.Raw = msgspec.field(default_factory=lambda: NOTHING)
    item: str | None = None
    """The provider's id of the item of an album that was changed; `content` is the item's alone."""


class AlbumItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of an album that is a message of its own at the provider, by the provider's id `name`.

    The items of a message stand in the order of their arrival; `number` gives the order of the files.
    """

    name: str
    number: int
    content: Content
    received: Received
    deleted_at: str | None = None


class Change(StrEnum):
    """A change to a message of which the other participants are told."""

    EDITED = "EDITED"
    DELETED = "DELETED"
    SHOWN = "SHOWN"
    """The content came for which a placeholder stood, or a further file of an album."""


class ChangeNotice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message to the other participants of a conversation that `message_id` has changed.

    It has deliveries like every message. Histories have the changed message, and not the notice. The words
    are not stored with it, so that they do not outlast their deletion. `author` is the changed message's.
    """

    message_id: str
    change: Change
    author: Author | None = None
    item: str | None = None
    """The provider's id of the item of an album that was added or changed."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of a conversation.

    `sequence` is the message's number in its conversation: a text that sorts in the order of acceptance,
    which is the order of delivery, too. It is the number that the queue `chat-events` gave to the message;
    until then it is empty.

    `notice` is set if the message only tells of a change to another message; its content is an empty text.
    `act` is set if it only changes another message of ours; its content is an empty text, too. `edit_id` and
    `deletion_id` name the latest acts on this message.
    `received` is set for a message that came over a channel. `deleted_at` is the time at which its author
    deleted it for everybody. `late`: it was sent some time before it got its number (`domain.sent_order`).

    `fingerprint` distinguishes a repeated POST from another body under the same id. `channel` brought an
    inbound message, or is the first channel for all recipients; it is None if there are several such
    channels. `account` is the channel account that received an inbound message. The sender named
    the `steps`, if any: deliveries try them as `choose` says, `delivery_timeout_s` seconds each. `round`
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
    attempt: str = ""
    """A random text of the request that the message comes from: repeats of a POST have others."""
    channel: str | None = None
    account: str | None = None
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    provider_message_id: str | None = None
    received: Received | None = None
    edits: tuple[Edit, ...] = ()
    items: tuple[AlbumItem, ...] = ()
    """The items of an album whose files came one by one; `content` and `received` follow from them."""
    deleted_at: str | None = None
    notice: ChangeNotice | None = None
    act: Act | None = None
    edit_id: str | None = None
    deletion_id: str | None = None
    late: bool = False
    error_code: str | None = None
    error_reason: str | None = None
    round: int = 0
    steps: tuple[Step, ...] = ()
    choose: Choose = Choose.IN_ORDER
    delivery_timeout_s: int = 0
    tag: Tag | None = None
    """The tag that the sender gave, for the channels that have it."""
    purpose: Purpose = Purpose.SERVICE
    routed: bool = False
    """The message has a state: its deliveries were requested, or are being requested."""
    send_at: str | None = None
    """The time at which the message was to be accepted, ISO 8601 UTC; None: it was accepted at once."""

    @property
    def was_accepted(self) -> bool:
        """Return whether the message has its place in the conversation: a scheduled message has none yet."""
        return self.send_at is None or self.sequence != ""

    @property
    def is_relayed(self) -> bool:
        """Return whether a person wrote the message, or changed a message, in their app."""
        return self.provider_message_id is not None or self.notice is not None

    @property
    def written_at(self) -> str | None:
        """Return the provider's time if the person of the chat wrote the message, which opens a window.

        News of the chat, the words of our own side and the words of a group's member open none.
        """
        is_news = isinstance(self.content, Notice)
        if self.received is None or self.received.author is not None or is_news:
            return None
        return self.received.sent_at
