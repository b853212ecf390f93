"""The result of handing a message to a provider: `Sent`, or a `SendError` value.

A connector maps each of its provider's error codes to an `Outcome` once; the core never reads a
provider's text to decide.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.channel import Transfer
from chat4all.domain.consent import OptOut
from chat4all.domain.content import Plain
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.windows import Tag

EARLIER_PART: Final = "EARLIER_PART"
"""The code of a part that was not sent because an earlier part had failed: it did not fail by itself."""


class Outcome(StrEnum):
    """The consequence of a failed send for the delivery."""

    RETRY = "RETRY"
    """Transient: try again, up to the number of attempts."""
    THROTTLED = "THROTTLED"
    """The provider named a time: wait until then. The send does not count as an attempt."""
    PERMANENT = "PERMANENT"
    """This message can never be delivered: FAILED."""
    UNREACHABLE = "UNREACHABLE"
    """This person can not be reached on this channel: FAILED."""
    CHANNEL_PAUSED = "CHANNEL_PAUSED"
    """The provider refuses our account (token, policy, payment): every message of the account waits."""
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    """The person's id is now `new_address`: send again there."""


class Sent(msgspec.Struct, frozen=True):
    """The provider accepted the message under its own id.

    `album_ids` has the ids of all files, in their order, if the message is an album.
    """

    provider_message_id: str
    album_ids: tuple[str, ...] = ()


class SendError(msgspec.Struct, frozen=True):
    """A failed send, in the terms of the core.

    `code` is the provider's code (`131026`, `429`) or `NETWORK`. `reason` is a sentence for the agent.
    Only THROTTLED has `retry_after_s`, in seconds.
    """

    outcome: Outcome
    code: str
    reason: str
    retry_after_s: float | None = None
    new_address: str | None = None
    opt_out: OptOut | None = None
    """Set if the person does not want the message."""
    refuses_credentials: bool = False
    """The provider refuses the credentials of the account, or there are none."""
    template_status: str | None = None
    """What the refusal tells of the template: its status, or OUTDATED if it is not what we know of it."""


class OutgoingMedia(msgspec.Struct, frozen=True):
    """A file for a connector to send; `text` is its caption, `size` is in bytes.

    For the next minutes `url` serves the bytes to the provider, or to the connector where `transfer` is
    UPLOAD.
    """

    kind: MediaKind
    content_type: str
    filename: str
    size: int
    transfer: Transfer
    url: str
    text: str = ""
    form: Form | None = None


OutgoingContent = Plain | OutgoingMedia


class Submission(msgspec.Struct, frozen=True):
    """A provider message to one person, for a connector to send.

    `delivery_id` (at most 200 characters) travels with the message where the provider has a field for it, and
    comes back with the statuses. `account` selects our number, bot or page: an account of the manifest, or
    the id by which the provider names another account. `thread` is the thread of a group's chat.
    """

    delivery_id: str
    account: str
    address: str
    content: OutgoingContent
    thread: str | None = None
    quoted_provider_message_id: str | None = None
    tag: Tag | None = None
    """The tag of the message, where the channel has it."""
    header: OutgoingMedia | None = None
    """The file in the header, if the content is a template with one."""
    album: tuple[OutgoingMedia, ...] = ()
    """The files that follow the file of `content` in one album; only a channel with albums gets them."""
    valid_for: timedelta | None = None
    """How long the provider may try, where it lets us say so; None: as long as it does."""
