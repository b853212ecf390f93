"""The API's answers, as far as these tests read them.

The shapes are written from the API document, not from the product.
"""

import msgspec


class StatusChange(msgspec.Struct, frozen=True):
    status: str
    at: str


class Failure(msgspec.Struct, frozen=True):
    code: str
    message: str


class ActOutcome(msgspec.Struct, frozen=True):
    act_id: str
    status: str
    error: Failure | None


class Delivery(msgspec.Struct, frozen=True):
    recipient_id: str
    channel: str
    step: int
    status: str
    parts: int
    provider_message_id: str | None
    provider_message_ids: tuple[str, ...]
    attempts: int
    error: Failure | None
    edit: ActOutcome | None = None
    deletion: ActOutcome | None = None


class Progress(msgspec.Struct, frozen=True):
    message_id: str
    current_status: str
    status_history: tuple[StatusChange, ...]
    retry_count: int
    deliveries: tuple[Delivery, ...]

    @property
    def steps(self) -> list[str]:
        return [change.status for change in self.status_history]


class File(msgspec.Struct, frozen=True):
    file_id: str
    filename: str
    content_type: str
    size: int | None


class AlbumFile(msgspec.Struct, frozen=True):
    file: File
    text: str


class Content(msgspec.Struct, frozen=True):
    """Content of any `type`.

    `file` is set for media, `files` for an album, `provider_kind` for unsupported content.
    """

    type: str
    text: str
    file: File | None = None
    files: tuple[AlbumFile, ...] = ()
    provider_kind: str | None = None


class Edit(msgspec.Struct, frozen=True):
    content: Content
    at: str


class Message(msgspec.Struct, frozen=True):
    message_id: str
    conversation_id: str
    sequence: str
    sender_id: str
    content: Content
    status: str
    accepted_at: str
    channel: str | None
    reply_to: str | None
    error: Failure | None
    edits: tuple[Edit, ...]
    deleted_at: str | None
    sent_at: str | None
    provider_fields: object


class History(msgspec.Struct, frozen=True):
    messages: tuple[Message, ...]
    next_cursor: str | None


class Accepted(msgspec.Struct, frozen=True):
    message_id: str
    conversation_id: str
    status: str
    accepted_at: str
    status_url: str


class ListedChannel(msgspec.Struct, frozen=True):
    channel: str
    capabilities_url: str


class Channels(msgspec.Struct, frozen=True):
    channels: tuple[ListedChannel, ...]


class Identity(msgspec.Struct, frozen=True):
    channel: str
    address: str
    handle: str | None = None


class User(msgspec.Struct, frozen=True):
    user_id: str
    type: str
    display_name: str
    identities: tuple[Identity, ...]


class Conversation(msgspec.Struct, frozen=True):
    conversation_id: str
    type: str
    state: str


class ConversationPage(msgspec.Struct, frozen=True):
    conversations: tuple[Conversation, ...]
    next_cursor: str | None


class Detail(msgspec.Struct, frozen=True):
    field: str
    issue: str


class ErrorBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every error has these fields and no others."""

    error: str
    message: str
    details: tuple[Detail, ...]
    trace_id: str
