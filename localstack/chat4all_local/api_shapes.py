"""What the API answers, as far as its clients on this machine read it. Fields that they do not know are ignored."""

import msgspec


class Identity(msgspec.Struct, frozen=True):
    channel: str
    address: str
    account: str = ""
    linked_at: str = ""
    phone: str | None = None
    handle: str | None = None


class User(msgspec.Struct, frozen=True):
    user_id: str
    type: str
    display_name: str
    created_at: str
    identities: tuple[Identity, ...] = ()


class Participant(msgspec.Struct, frozen=True):
    user_id: str
    joined_at: str


class Conversation(msgspec.Struct, frozen=True):
    conversation_id: str
    type: str
    state: str
    participants: tuple[Participant, ...]
    last_activity_at: str
    created_at: str
    title: str | None = None
    primary_channel: str | None = None


class AcceptedMessage(msgspec.Struct, frozen=True):
    message_id: str
    conversation_id: str
    status: str
    accepted_at: str
    status_url: str


class Failure(msgspec.Struct, frozen=True):
    """Why a message, or one delivery of it, ended FAILED."""

    code: str
    message: str


class AttachedFile(msgspec.Struct, frozen=True):
    """What a message says of its file."""

    file_id: str
    filename: str
    content_type: str
    size: int | None = None


class MessageContent(msgspec.Struct, frozen=True):
    """What a message says: `type` is its kind, and `text` what people can read of it."""

    type: str
    text: str = ""
    file: AttachedFile | None = None


class Message(msgspec.Struct, frozen=True):
    """One line of a conversation's history; `sequence` sorts in the order of acceptance."""

    message_id: str
    sequence: str
    sender_id: str
    content: MessageContent
    status: str
    accepted_at: str
    channel: str | None = None
    error: Failure | None = None


class StatusChange(msgspec.Struct, frozen=True):
    status: str
    at: str


class Delivery(msgspec.Struct, frozen=True):
    recipient_id: str
    channel: str
    status: str
    attempts: int = 0
    parts: int = 1
    provider_message_id: str | None = None
    provider_message_ids: tuple[str, ...] = ()
    error: Failure | None = None


class MessageStatus(msgspec.Struct, frozen=True):
    message_id: str
    current_status: str
    status_history: tuple[StatusChange, ...]
    retry_count: int
    deliveries: tuple[Delivery, ...]


class UserPage(msgspec.Struct, frozen=True):
    users: tuple[User, ...]
    next_cursor: str | None = None


class ConversationPage(msgspec.Struct, frozen=True):
    conversations: tuple[Conversation, ...]
    next_cursor: str | None = None


class MessagePage(msgspec.Struct, frozen=True):
    """Newest first."""

    messages: tuple[Message, ...]
    next_cursor: str | None = None


class Detail(msgspec.Struct, frozen=True):
    field: str
    issue: str


class ErrorBody(msgspec.Struct, frozen=True):
    error: str
    message: str
    details: tuple[Detail, ...] = ()
    trace_id: str = ""


class MessageError(msgspec.Struct, frozen=True):
    code: str
    message: str


class DeadLetter(msgspec.Struct, frozen=True):
    """What failed for good: a delivery, a message, or a record of a queue."""

    dead_letter_id: str
    kind: str
    message_id: str | None
    conversation_id: str | None
    sequence: str | None
    recipient_id: str | None
    channel: str | None
    source: str | None
    attempts: int | None
    failed_at: str
    error: MessageError


class DeadLetterPage(msgspec.Struct, frozen=True):
    dead_letters: tuple[DeadLetter, ...]
    next_cursor: str | None


class RefusedRedrive(msgspec.Struct, frozen=True):
    dead_letter_id: str
    code: str
    message: str


class Redriven(msgspec.Struct, frozen=True):
    """One page of a redrive."""

    redriven: int
    refused: tuple[RefusedRedrive, ...]
    next_cursor: str | None = None


class RefusedWebhook(msgspec.Struct, frozen=True):
    webhook_id: str
    issue: str


class ReplayedWebhooks(msgspec.Struct, frozen=True):
    """One page of a replay."""

    replayed: int
    events: int
    refused: tuple[RefusedWebhook, ...]
    next_cursor: str | None = None


class StoredPart(msgspec.Struct, frozen=True):
    part_number: int
    etag: str
    size: int


class PartToSend(msgspec.Struct, frozen=True):
    """`size` bytes are to be PUT to `url`."""

    part_number: int
    size: int
    url: str


class FileUpload(msgspec.Struct, frozen=True):
    """`parts` are some of those that are missing; more from number `next_from` on."""

    file_id: str
    size: int
    part_size: int
    part_count: int
    stored: tuple[StoredPart, ...]
    parts: tuple[PartToSend, ...]
    next_from: int | None


class File(msgspec.Struct, frozen=True):
    """`status` is PENDING, SCANNING, READY, INFECTED, REJECTED, ABORTED or EXPIRED."""

    file_id: str
    filename: str
    content_type: str
    size: int
    status: str
    error: Failure | None = None
    sha256: str | None = None
    thumbnails: dict[str, str] = {}


class FileLink(msgspec.Struct, frozen=True):
    url: str
    expires_at: str
    filename: str
    size: int
    sha256: str | None
