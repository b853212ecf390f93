"""The request with which a bot sends a content of each kind.

https://core.telegram.org/bots/api#available-methods
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, TypedDict

import msgspec
from msgspec.structs import replace

from chat4all.channels.telegram.address import (
    business_connection,
    direct_number,
    message_number,
    topic_number,
)
from chat4all.channels.telegram.vcard import vcard_of
from chat4all.domain.content import Text
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import (
    Buttons,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Template,
    without_variation,
)
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Submission

_FORMS: Final = {
    Form.VOICE: ("sendVoice", "voice"),
    Form.STICKER: ("sendSticker", "sticker"),
    Form.VIDEO_NOTE: ("sendVideoNote", "video_note"),
}
_KINDS: Final = {
    MediaKind.IMAGE: ("sendPhoto", "photo"),
    MediaKind.VIDEO: ("sendVideo", "video"),
    MediaKind.AUDIO: ("sendAudio", "audio"),
    MediaKind.DOCUMENT: ("sendDocument", "document"),
}
"""The method of each kind, and its field for the file: https://core.telegram.org/bots/api#sendphoto"""

_NO_TARGET: Final = SendError(
    Outcome.PERMANENT, "TARGET_UNKNOWN", "The message of the reaction has no number on Telegram."
)
_NO_REACTIONS: Final = SendError(
    Outcome.PERMANENT, "REACTION_NOT_POSSIBLE", "Telegram lets no bot react in the chats of a business."
)
"""setMessageReaction names no business connection."""


class Request(NamedTuple):
    """A method of the Bot API, with its parameters as JSON."""

    method: str
    body: bytes


class _Quote(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#replyparameters"""

    message_id: int
    allow_sending_without_reply: bool


class _Sending(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The place of a message, which every method takes that sends one."""

    chat_id: int
    business_connection_id: str | None = None
    message_thread_id: int | None = None
    direct_messages_topic_id: int | None = None
    reply_parameters: _Quote | None = None


class _Button(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#inlinekeyboardbutton"""

    text: str
    callback_data: str


class Keyboard(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

    inline_keyboard: tuple[tuple[_Button, ...], ...]


class _Message(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """A text, without `parse_mode`, unformatted: https://core.telegram.org/bots/api#sendmessage"""

    text: str
    reply_markup: Keyboard | None = None


class _Location(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """https://core.telegram.org/bots/api#sendlocation"""

    latitude: float
    longitude: float
    live_period: int | None = None


class _Venue(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """https://core.telegram.org/bots/api#sendvenue"""

    latitude: float
    longitude: float
    title: str
    address: str


class _Contact(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """https://core.telegram.org/bots/api#sendcontact"""

    phone_number: str
    first_name: str
    vcard: str | None = None


class _LinkedFile(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """A file that Telegram fetches: one of the fields under the caption is its address."""

    caption: str | None = None
    photo: str | None = None
    video: str | None = None
    audio: str | None = None
    document: str | None = None
    voice: str | None = None
    sticker: str | None = None


class _InputMedia(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#inputmedia"""

    type: str
    media: str
    caption: str | None = None


class _Album(_Sending, frozen=True, omit_defaults=True, kw_only=True):
    """https://core.telegram.org/bots/api#sendmediagroup"""

    media: tuple[_InputMedia, ...]


class _Emoji(msgspec.Struct, frozen=True, tag_field="type", tag="emoji"):
    """https://core.telegram.org/bots/api#reactiontypeemoji"""

    emoji: str


class _SetReaction(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#setmessagereaction"""

    chat_id: int
    message_id: int
    reaction: tuple[_Emoji, ...]


class _Where(TypedDict):
    """The fields of _Sending."""

    chat_id: int
    business_connection_id: str | None
    message_thread_id: int | None
    direct_messages_topic_id: int | None
    reply_parameters: _Quote | None


def rendered(submission: Submission) -> Request | SendError:
    """Return the request that sends a content, if it has no upload; or the error of an impossible one."""
    where = _where(submission)
    match submission.content:
        case Text(text=text) | Template(text=text) | Carousel(text=text):
            return _request("sendMessage", _Message(text=text, **where))
        case Location() as place:
            return _place(place, where)
        case Contacts(contacts=contacts):
            return _contact(contacts[0], where)
        case Reaction(emoji=emoji):
            return _reaction(emoji, submission)
        case (Buttons() | Choices()) as question:
            keyboard = keyboard_of(question)
            return _request("sendMessage", _Message(text=question.text, reply_markup=keyboard, **where))
        case OutgoingMedia() as media:
            return _album((media, *submission.album), where) if submission.album else _file(media, where)


def keyboard_of(question: Buttons | Choices) -> Keyboard:
    return Keyboard(tuple((button,) for button in _buttons(question)))


def method_of(media: OutgoingMedia) -> tuple[str, str]:
    """Return the method that sends a file, and its field for the file."""
    return _KINDS[media.kind] if media.form is None else _FORMS[media.form]


def form_fields(submission: Submission, media: OutgoingMedia) -> dict[str, str]:
    """Encode each field of a form as JSON: https://core.telegram.org/bots/api#making-requests"""
    where = _where(submission)
    quoted = where["reply_parameters"]
    fields = {
        "chat_id": submission.address,
        "business_connection_id": where["business_connection_id"] or "",
        "message_thread_id": str(where["message_thread_id"] or ""),
        "direct_messages_topic_id": str(where["direct_messages_topic_id"] or ""),
        "caption": media.text,
        "reply_parameters": msgspec.json.encode(quoted).decode() if quoted else "",
    }
    return {name: value for name, value in fields.items() if value}


def _where(submission: Submission) -> _Where:
    quoted = message_number(submission.quoted_provider_message_id, submission.address)
    return _Where(
        chat_id=int(submission.address),
        business_connection_id=business_connection(submission.account),
        message_thread_id=topic_number(submission.thread),
        direct_messages_topic_id=direct_number(submission.thread),
        # The person may have deleted the quoted message; the answer must reach them all the same.
        reply_parameters=None if quoted is None else _Quote(quoted, allow_sending_without_reply=True),
    )


def _file(media: OutgoingMedia, where: _Where) -> Request:
    method, field = method_of(media)
    message = _LinkedFile(caption=media.text or None, **where)
    return _request(method, replace(message, **{field: media.url}))


def _album(files: tuple[OutgoingMedia, ...], where: _Where) -> Request:
    media = tuple(_InputMedia(method_of(file)[1], file.url, file.text or None) for file in files)
    return _request("sendMediaGroup", _Album(media=media, **where))


def _place(place: Location, where: _Where) -> Request:
    """Return the request for a place. A venue needs a title and an address, and does not move."""
    latitude, longitude = place.latitude, place.longitude
    words = [words for words in (place.name, place.address) if words.strip()]
    if not words or place.live_s:
        moving = _Location(latitude=latitude, longitude=longitude, live_period=place.live_s or None, **where)
        return _request("sendLocation", moving)
    title, address, *_ = [*words, f"{latitude:.6f}, {longitude:.6f}"]
    venue = _Venue(latitude=latitude, longitude=longitude, title=title, address=address, **where)
    return _request("sendVenue", venue)


def _contact(contact: Contact, where: _Where) -> Request:
    card = _Contact(phone_number=contact.phones[0], first_name=contact.name, vcard=vcard_of(contact), **where)
    return _request("sendContact", card)


def _reaction(emoji: str, submission: Submission) -> Request | SendError:
    """Return the request that sets a reaction in the place of the former one, or takes it back."""
    number = message_number(submission.quoted_provider_message_id, submission.address)
    if number is None:
        return _NO_TARGET
    if business_connection(submission.account) is not None:
        return _NO_REACTIONS
    reaction = (_Emoji(without_variation(emoji)),) if emoji else ()
    return _request("setMessageReaction", _SetReaction(int(submission.address), number, reaction))


def _buttons(question: Buttons | Choices) -> Iterator[_Button]:
    """Yield the buttons, each a row of the keyboard: side by side, long titles would be cut.

    A keyboard has no headings. So where a list has several sections, each row names its own.
    """
    if isinstance(question, Buttons):
        yield from (_Button(button.title, button.id) for button in question.buttons)
        return
    for section in question.sections:
        heading = f"{section.title}: " if len(question.sections) > 1 else ""
        yield from (_Button(heading + row.title, row.id) for row in section.rows)


def _request(method: str, body: _Sending | _SetReaction) -> Request:
    return Request(method, msgspec.json.encode(body))
