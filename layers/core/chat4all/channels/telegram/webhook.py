"""Telegram's webhooks: each holds an update, most often a message.

https://core.telegram.org/bots/api#update
https://core.telegram.org/bots/api#message
"""

from typing import Final

from msgspec import Raw, Struct, field
from msgspec.structs import replace

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, moment, objects, other_fields, read_envelope
from chat4all.channels.telegram.address import is_address, message_name
from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMessage, ParsedWebhook

_NO_WORDS_OF_A_PERSON: Final = frozenset(
    {
        "update_id",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "business_connection",
    }
)
"""Updates about the members and rights of a chat; they hold no message."""

_CONTENTS: Final = (
    "text",
    "animation",  # comes with a `document`
    "audio",
    "document",
    "live_photo",
    "photo",
    "sticker",
    "story",
    "video_note",
    "video",
    "voice",
    "checklist",
    "contact",
    "dice",
    "game",
    "poll",
    "venue",  # comes with a `location`
    "location",
    "invoice",
    "successful_payment",
    "new_chat_members",
    "left_chat_member",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
)
"""The contents of a message; the first content that a message has names its kind."""
_FILE_TYPES: Final = {
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "document": None,
    "video": "video/mp4",
    "voice": "audio/ogg",
}
"""The contents that are a file, and the type of each if the update does not name it."""
_PHOTO_TYPE: Final = "image/jpeg"


class _User(Struct, frozen=True):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str | None = None


class _Chat(Struct, frozen=True):
    id: int
    type: str = "private"
    title: str | None = None
    username: str | None = None


class _Message(Struct, frozen=True):
    """A message, decoded part by part: it becomes an event even if a part of it is malformed."""

    message_id: Raw = ABSENT
    sender: Raw = field(name="from", default=ABSENT)
    sender_chat: Raw = ABSENT
    chat: Raw = ABSENT
    date: Raw = ABSENT
    edit_date: Raw = ABSENT
    text: Raw = ABSENT
    caption: Raw = ABSENT
    photo: Raw = ABSENT
    reply_to_message: Raw = ABSENT


class _File(Struct, frozen=True):
    """A file: https://core.telegram.org/bots/api#document, and the types beside it."""

    file_id: Id
    mime_type: Raw = ABSENT
    file_name: Raw = ABSENT
    file_size: Raw = ABSENT


class _PhotoSize(Struct, frozen=True):
    """https://core.telegram.org/bots/api#photosize"""

    file_id: Id
    width: int = 0
    height: int = 0
    file_size: Raw = ABSENT


class _Quoted(Struct, frozen=True):
    message_id: int


class _Interaction(Struct, frozen=True):
    """Any other update: a pressed button, a reaction, an inline query."""

    sender: Raw = field(name="from", default=ABSENT)
    user: Raw = ABSENT
    chat: Raw = ABSENT
    message: Raw = ABSENT
    date: Raw = ABSENT


class _Person(Struct, frozen=True):
    """The chat to answer: a person, or a group as a whole."""

    address: str
    display_name: str | None
    handle: str | None


def parsed(body: bytes) -> ParsedWebhook:
    """Return the event of an update, if it has an event; raise Invalid if `body` is not an update."""
    parts = read_envelope(body, dict[str, Raw])
    update_id = decoded(parts.get("update_id", ABSENT), int)
    if update_id is None:
        raise Invalid("The webhook is no Telegram update.")
    events = (_of_part(name, part, update_id) for name, part in parts.items())
    return ParsedWebhook(tuple(event for event in events if event))


def _of_part(name: str, part: Raw, update_id: int) -> InboundEvent | None:
    if name in _NO_WORDS_OF_A_PERSON:
        return None
    if name in {"message", "edited_message"}:
        message = decoded(part, _Message)
        person = _person(message.sender, message.chat, message.sender_chat) if message else None
        if not message or not person:
            return None
        if name == "message":
            return _of_message(message, part, person, update_id)
        return _of_edit(message, part, person, update_id)
    return _of_interaction(name, part, update_id)


def _of_message(message: _Message, part: Raw, person: _Person, update_id: int) -> InboundEvent:
    message_id = decoded(message.message_id, int)
    file = _provider_file(message, part)
    text = _words(message)
    quoted = decoded(message.reply_to_message, _Quoted)
    quoted_name = message_name(person.address, quoted.message_id) if quoted else None
    name = f"update:{update_id}" if message_id is None else message_name(person.address, message_id)
    if message_id is None or not (file or text.strip()):
        event = _unsupported(name, part, person, _kind(part), message.date)
        return replace(event, quoted_provider_message_id=quoted_name)
    return InboundMessage(
        address=person.address,
        provider_message_id=name,
        content=ReceivedMedia(file, text) if file else Text(text),
        at=moment(message.date),
        display_name=person.display_name,
        handle=person.handle,
        quoted_provider_message_id=quoted_name,
    )


def _provider_file(message: _Message, part: Raw) -> ProviderFile | None:
    kind = _kind(part)
    if kind == "photo":
        return _photo(message)
    if kind not in _FILE_TYPES:
        return None
    parts = decoded(part, dict[str, Raw]) or {}
    file = decoded(parts[kind], _File)
    if file is None:
        return None
    return ProviderFile(
        reference=file.file_id,
        content_type=decoded(file.mime_type, str) or _FILE_TYPES[kind],
        filename=decoded(file.file_name, str),
        size=decoded(file.file_size, int),
    )


def _photo(message: _Message) -> ProviderFile | None:
    """Return the largest of the photo's sizes."""
    sizes = [size for size, _ in objects(message.photo, _PhotoSize)]
    largest = max(sizes, key=lambda size: size.width * size.height, default=None)
    if largest is None:
        return None
    return ProviderFile(largest.file_id, _PHOTO_TYPE, size=decoded(largest.file_size, int))


def _words(message: _Message) -> str:
    return decoded(message.text, str) or decoded(message.caption, str) or ""


def _of_edit(message: _Message, part: Raw, person: _Person, update_id: int) -> InboundEvent:
    message_id = decoded(message.message_id, int)
    text = _words(message)
    if message_id is None or not text.strip():
        # The message's own name is the id of its original version.
        return _unsupported(f"update:{update_id}", part, person, "edited_message", message.edit_date)
    return InboundMessage(
        address=person.address,
        provider_message_id=message_name(person.address, message_id),
        content=Text(text),
        at=moment(message.date),
        edited_at=moment(message.edit_date),
        display_name=person.display_name,
        handle=person.handle,
    )


def _of_interaction(name: str, part: Raw, update_id: int) -> InboundEvent | None:
    interaction = decoded(part, _Interaction)
    if interaction is None:
        return None
    # A callback query names its chat only in the message whose button was pressed.
    message = decoded(interaction.message, _Message) or _Message()
    chat = interaction.chat if bytes(interaction.chat) else message.chat
    sender = interaction.sender if bytes(interaction.sender) else interaction.user
    person = _person(sender, chat) if bytes(sender) else None
    return _unsupported(f"update:{update_id}", part, person, name, interaction.date) if person else None


def _unsupported(name: str, part: Raw, person: _Person, kind: str, at: Raw) -> InboundMessage:
    return InboundMessage(
        address=person.address,
        provider_message_id=name,
        content=Unsupported(kind),
        provider_fields=other_fields(part, ()),
        at=moment(at),
        display_name=person.display_name,
        handle=person.handle,
    )


def _person(sender: Raw, chat_part: Raw, sender_chat: Raw = ABSENT) -> _Person | None:
    """Return the person to answer.

    Returns None for a bot, such as ours, and for a post of a channel, which has no author. A bot of Telegram
    stands for a person who writes to a group in the name of the group or of a channel:
    https://core.telegram.org/bots/api#message, `sender_chat`
    """
    user, chat = decoded(sender, _User), decoded(chat_part, _Chat)
    if user is None or (user.is_bot and decoded(sender_chat, _Chat) is None):
        return None
    address = str(chat.id if chat else user.id)
    if not is_address(address):
        return None
    if chat and chat.type != "private":
        return _Person(address, chat.title, chat.username)
    full_name = f"{user.first_name} {user.last_name}".strip()
    return _Person(address, full_name or None, user.username)


def _kind(part: Raw) -> str:
    parts = decoded(part, dict[str, Raw]) or {}
    return next((content for content in _CONTENTS if content in parts), "message")
