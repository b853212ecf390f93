"""The content of a message on Telegram: its words, its file, its place, or a text that tells what it is.

https://core.telegram.org/bots/api#message
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, fields_of_type, items, objects, other_fields
from chat4all.channels.telegram.parts import Message, party
from chat4all.domain.content import (
    Notice,
    ProviderFile,
    ReceivedContent,
    ReceivedMedia,
    Text,
    Unsupported,
)
from chat4all.domain.files.file import Form
from chat4all.domain.kinds import Contact, Contacts, Location
from chat4all.domain.received import NOTHING

_CONTACT_FIELDS: Final[Mapping[str, type]] = {"phone_number": str, "first_name": str, "last_name": str}
_LOCATION_FIELDS: Final[Mapping[str, type]] = {"latitude": float, "longitude": float, "live_period": int}
_VENUE_FIELDS: Final[Mapping[str, type]] = {"title": str, "address": str}
_FILE_FIELDS: Final[Mapping[str, type]] = {
    "file_id": str,
    "file_unique_id": str,
    "mime_type": str,
    "file_name": str,
    "file_size": int,
}
FILE_TYPES: Final = {
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "document": None,
    "sticker": "image/webp",
    "video_note": "video/mp4",
    "video": "video/mp4",
    "voice": "audio/ogg",
}
"""The contents that are a file, and the type of each if the update does not name it."""
_PHOTO_FIELDS: Final[Mapping[str, type]] = {
    "file_id": str,
    "file_unique_id": str,
    "file_size": int,
    "width": int,
    "height": int,
}
_FORMS: Final = {"sticker": Form.STICKER, "video_note": Form.VIDEO_NOTE, "voice": Form.VOICE}
_PHOTO_TYPE: Final = "image/jpeg"


class _File(Struct, frozen=True):
    """A file: https://core.telegram.org/bots/api#document, and the types beside it."""

    file_id: Id
    file_unique_id: Raw = ABSENT
    mime_type: Raw = ABSENT
    file_name: Raw = ABSENT
    file_size: Raw = ABSENT


class _Sticker(Struct, frozen=True):
    """https://core.telegram.org/bots/api#sticker"""

    emoji: Raw = ABSENT
    is_animated: Raw = ABSENT
    is_video: Raw = ABSENT


class _PhotoSize(Struct, frozen=True):
    """https://core.telegram.org/bots/api#photosize"""

    file_id: Id
    file_unique_id: Raw = ABSENT
    width: int = 0
    height: int = 0
    file_size: Raw = ABSENT


class _Checklist(Struct, frozen=True):
    title: str
    tasks: list["_Choice"] = []

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"- {task.text}" for task in self.tasks)])


class _Choice(Struct, frozen=True):
    text: str


class _Contact(Struct, frozen=True):
    """https://core.telegram.org/bots/api#contact"""

    phone_number: Id
    first_name: str = ""
    last_name: str = ""

    @property
    def contacts(self) -> Contacts:
        return Contacts((Contact(f"{self.first_name} {self.last_name}".strip(), (self.phone_number,)),))


class _Dice(Struct, frozen=True):
    value: int
    emoji: str = ""

    def __str__(self) -> str:
        return f"{self.emoji} {self.value}".strip()


class _Game(Struct, frozen=True):
    title: str
    description: str = ""

    def __str__(self) -> str:
        return _listed(self.title, self.description)


class _Invoice(_Game, frozen=True):
    pass


class _Location(Struct, frozen=True):
    """https://core.telegram.org/bots/api#location"""

    latitude: float
    longitude: float
    live_period: Raw = ABSENT


class _Payment(Struct, frozen=True):
    """The amount is in the smallest units of the currency, such as cents."""

    currency: str
    total_amount: int

    def __str__(self) -> str:
        return f"{self.total_amount} {self.currency} (smallest units)"


class _Poll(Struct, frozen=True):
    question: str
    options: list[_Choice] = []

    def __str__(self) -> str:
        return "\n".join([self.question, *(f"- {option.text}" for option in self.options)])


class _Topic(Struct, frozen=True):
    name: str

    def __str__(self) -> str:
        return self.name


class _Venue(Struct, frozen=True):
    """https://core.telegram.org/bots/api#venue"""

    title: str
    address: str = ""
    location: Raw = ABSENT

    def __str__(self) -> str:
        return _listed(self.title, self.address)


_CONTENTS: Final[Mapping[str, type[Struct] | type[str] | None]] = {
    "text": None,
    "animation": None,  # comes with a `document`
    "audio": None,
    "document": None,
    "live_photo": None,
    "paid_media": None,
    "photo": None,
    "sticker": None,
    "story": None,
    "video_note": None,
    "video": None,
    "voice": None,
    "checklist": _Checklist,
    "contact": None,
    "dice": _Dice,
    "game": _Game,
    "poll": _Poll,
    "venue": _Venue,  # comes with a `location`
    "location": None,
    "invoice": _Invoice,
    "successful_payment": _Payment,
    "refunded_payment": _Payment,
    "web_app_data": None,
    "new_chat_members": None,
    "left_chat_member": None,
    "new_chat_title": str,
    "new_chat_photo": None,
    "delete_chat_photo": None,
    "group_chat_created": None,
    "supergroup_chat_created": None,
    "channel_chat_created": None,
    "message_auto_delete_timer_changed": None,
    "migrate_to_chat_id": None,
    "migrate_from_chat_id": None,
    "pinned_message": None,
    "users_shared": None,
    "chat_shared": None,
    "write_access_allowed": None,
    "proximity_alert_triggered": None,
    "boost_added": None,
    "chat_background_set": None,
    "checklist_tasks_done": None,
    "checklist_tasks_added": None,
    "forum_topic_created": _Topic,
    "forum_topic_edited": _Topic,
    "forum_topic_closed": None,
    "forum_topic_reopened": None,
    "general_forum_topic_hidden": None,
    "general_forum_topic_unhidden": None,
    "giveaway_created": None,
    "giveaway": None,
    "giveaway_completed": None,
    "gift": None,
    "unique_gift": None,
    "video_chat_scheduled": None,
    "video_chat_started": None,
    "video_chat_ended": None,
    "video_chat_participants_invited": None,
}
"""The contents of a message, and the type of those that can be told as a text.

The first content that a message has names its kind.
"""
_NEWS: Final = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "pinned_message",
        "write_access_allowed",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway_completed",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
    }
)
"""The service messages that tell what became of the chat: https://core.telegram.org/bots/api#message"""


class _Button(Struct, frozen=True):
    text: str
    callback_data: str | None = None


class _Keyboard(Struct, frozen=True):
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

    inline_keyboard: list[list[_Button]]


class WebAppData(Struct, frozen=True):
    """https://core.telegram.org/bots/api#webappdata"""

    data: str
    button_text: str


def content_of(message: Message, fields: Mapping[str, Raw]) -> ReceivedContent:
    """Return the content of a message; the readable text of a kind that Chat4All does not know."""
    kind, words = _kind(fields), message.words
    files = ((name, _file(name, fields)) for name in _CONTENTS if name in fields)
    name, file = next(((name, file) for name, file in files if file), (kind, None))
    if file is not None:
        return ReceivedMedia(file, words or (_emoji(fields[name]) if name == "sticker" else ""))
    if kind == "text" and words.strip():
        return Text(words)
    if opened := decoded(fields.get("web_app_data", ABSENT), WebAppData):
        return Text(opened.button_text or opened.data)
    if kind in _NEWS:
        return Notice(kind, _told(kind, fields))
    return _place(fields) or _contacts(fields) or Unsupported(kind, words or _told(kind, fields))


def _place(fields: Mapping[str, Raw]) -> Location | None:
    """Return the place of a message. A venue holds its place again, and does not move."""
    venue = decoded(fields.get("venue", ABSENT), _Venue)
    place = decoded(fields.get("location", venue.location if venue else ABSENT), _Location)
    if place is None or ("venue" in fields and venue is None):
        return None
    live_s = decoded(place.live_period, int) or 0
    if venue is None:
        return Location(place.latitude, place.longitude, live_s=live_s)
    return Location(place.latitude, place.longitude, venue.title, venue.address)


def _contacts(fields: Mapping[str, Raw]) -> Contacts | None:
    contact = decoded(fields.get("contact", ABSENT), _Contact)
    return contact.contacts if contact else None


def file_fields(part: Raw) -> list[str]:
    """Return the fields of a file that its content holds."""
    return fields_of_type(part, _FILE_FIELDS)


def contact_fields(part: Raw) -> list[str]:
    """Return the fields of a contact that its content holds."""
    return fields_of_type(part, _CONTACT_FIELDS)


def location_fields(part: Raw) -> list[str]:
    """Return the fields of a location that its content holds."""
    return fields_of_type(part, _LOCATION_FIELDS)


def venue_fields(part: Raw) -> list[str]:
    """Return the fields of a venue that its content holds: the place is one of them if it is nothing else."""
    place = (decoded(part, dict[str, Raw]) or {}).get("location", ABSENT)
    is_plain = other_fields(place, location_fields(place)) == NOTHING
    return [*fields_of_type(part, _VENUE_FIELDS), *(["location"] if is_plain else [])]


def is_plain_photo(part: Raw) -> bool:
    """Return whether each size of a photo has no other fields than documented."""
    sizes = items(part)
    return all(other_fields(size, fields_of_type(size, _PHOTO_FIELDS)) == NOTHING for size in sizes)


def title_of_button(keyboard: Raw, data: str) -> str | None:
    """Return the title of the button with this data on a message's keyboard."""
    markup = decoded(keyboard, _Keyboard)
    buttons = (button for row in markup.inline_keyboard for button in row) if markup else ()
    return next((button.text for button in buttons if button.callback_data == data and button.text), None)


def _kind(fields: Mapping[str, Raw]) -> str:
    return next((content for content in _CONTENTS if content in fields), "message")


def _told(kind: str, fields: Mapping[str, Raw]) -> str:
    """Return the content of this kind as a text; an empty text if it cannot be read."""
    part, shape = fields.get(kind, ABSENT), _CONTENTS.get(kind)
    if kind == "new_chat_members":
        return _listed(*(member.name or member.address for member in map(party, _members(part)) if member))
    if kind == "pinned_message":
        pinned = decoded(part, Message)
        return pinned.words if pinned else ""
    if kind == "left_chat_member":
        left = party(part)
        return (left.name or left.address) if left else ""
    read = decoded(part, shape) if shape else None
    return "" if read is None else str(read)


def _members(part: Raw) -> list[Raw]:
    return decoded(part, list[Raw]) or []


def _file(name: str, fields: Mapping[str, Raw]) -> ProviderFile | None:
    if name == "photo":
        return _photo(fields[name])
    file = decoded(fields[name], _File) if name in FILE_TYPES else None
    if file is None:
        return None
    content_type, filename = _type_and_name(name, fields[name])
    return ProviderFile(
        reference=file.file_id,
        content_type=decoded(file.mime_type, str) or content_type,
        filename=decoded(file.file_name, str) or filename,
        size=decoded(file.file_size, int),
        unique_id=decoded(file.file_unique_id, Id),
        form=_FORMS.get(name),
    )


def _type_and_name(name: str, part: Raw) -> tuple[str | None, str | None]:
    """Return the type and the name of a file that the update does not describe."""
    if name != "sticker":
        return FILE_TYPES[name], None
    sticker = decoded(part, _Sticker) or _Sticker()
    if decoded(sticker.is_animated, bool):
        return "application/x-tgsticker", "sticker.tgs"
    if decoded(sticker.is_video, bool):
        return "video/webm", "sticker.webm"
    return FILE_TYPES[name], "sticker.webp"


def _emoji(part: Raw) -> str:
    """Return the emoji that a sticker stands for."""
    sticker = decoded(part, _Sticker) or _Sticker()
    return decoded(sticker.emoji, str) or ""


def _photo(part: Raw) -> ProviderFile | None:
    """Return the largest of the photo's sizes."""
    sizes = [size for size, _ in objects(part, _PhotoSize)]
    largest = max(sizes, key=lambda size: size.width * size.height, default=None)
    if largest is None:
        return None
    return ProviderFile(
        largest.file_id,
        _PHOTO_TYPE,
        size=decoded(largest.file_size, int),
        unique_id=decoded(largest.file_unique_id, Id),
    )


def _listed(*texts: str) -> str:
    return ", ".join(text for text in texts if text)
