"""The bodies of requests to send, as the Cloud API accepts them. An unknown field is refused."""

from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec

from chat4all_local.simulators.control_api import Json
from chat4all_local.simulators.whatsapp.kinds import Contacts, Interactive, Location, Reaction
from chat4all_local.simulators.whatsapp.template_messages import SentTemplate

BSUID_PATTERN: Final = r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$"
GROUP_ID_PATTERN: Final = r"^[A-Za-z0-9_=+/-]{10,256}$"
PHONE_PATTERN: Final = r"^\+?[1-9][0-9]{6,14}$"
TO_PATTERN: Final = r"^(\+?[1-9][0-9]{6,14}|[A-Za-z0-9_=+/-]{10,256})$"
"""A phone number or the id of a group; `recipient_type` says which of the two."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    preview_url: bool = False


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file, either by its address or by the id of its upload."""

    id: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    link: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")] | None = None


class Audio(Media, frozen=True, forbid_unknown_fields=True):
    voice: bool = False


class Captioned(Media, frozen=True, forbid_unknown_fields=True):
    caption: Annotated[str, msgspec.Meta(max_length=1024)] | None = None


class Document(Captioned, frozen=True, forbid_unknown_fields=True):
    filename: Annotated[str, msgspec.Meta(min_length=1)] | None = None


File: TypeAlias = Media | Audio | Captioned | Document


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: Annotated[str, msgspec.Meta(pattern=r"^wamid\..+")]


Type: TypeAlias = Literal[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
]
TYPES: Final[tuple[str, ...]] = get_args(Type)
NOT_IN_GROUPS: Final = frozenset({"location", "contacts", "reaction", "interactive"})
"""A group takes texts, files and templates: `groups/groups-messaging`, "Overview"."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of a request to send. `to` takes precedence over `recipient`, and may be the id of a group."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual", "group"] = "individual"
    to: Annotated[str, msgspec.Meta(pattern=TO_PATTERN)] | None = None
    recipient: Annotated[str, msgspec.Meta(pattern=BSUID_PATTERN)] | None = None
    type: Type = "text"
    text: Text | None = None
    image: Captioned | None = None
    video: Captioned | None = None
    audio: Audio | None = None
    document: Document | None = None
    sticker: Media | None = None
    location: Location | None = None
    contacts: Contacts | None = None
    reaction: Reaction | None = None
    interactive: Interactive | None = None
    template: SentTemplate | None = None
    context: Context | None = None
    biz_opaque_callback_data: Annotated[str, msgspec.Meta(max_length=512)] | None = None

    def file(self) -> File | None:
        files: dict[str, File | None] = {
            "image": self.image,
            "video": self.video,
            "audio": self.audio,
            "document": self.document,
            "sticker": self.sticker,
        }
        return files.get(self.type)

    def words(self) -> str | None:
        """Return the text of a message, the caption of a file, or the emoji of a reaction."""
        if self.text is not None:
            return self.text.body
        if self.interactive is not None:
            return self.interactive.body.text
        if self.reaction is not None:
            return self.reaction.emoji
        file = self.file()
        return file.caption if isinstance(file, Captioned) else None

    def quoted(self) -> str | None:
        if self.reaction is not None:
            return self.reaction.message_id
        return self.context.message_id if self.context else None

    def content(self) -> Json:
        """Return what the request gave of a message that is neither a text nor a file."""
        content = self.location or self.contacts or self.reaction or self.interactive or self.template
        return None if content is None else msgspec.to_builtins(content)

    def objects(self) -> list[str]:
        """Return the types whose objects are present."""
        return [name for name in TYPES if getattr(self, name) is not None]


class Indicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["text"]


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that marks a person's message as read: `typing-indicators`."""

    messaging_product: Literal["whatsapp"]
    status: Literal["read"]
    message_id: Annotated[str, msgspec.Meta(min_length=1)]
    typing_indicator: Indicator | None = None


def is_reading(body: bytes) -> bool:
    """Return whether the body has a `status`, which a message has not."""
    try:
        return "status" in msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


class Typed(msgspec.Struct, frozen=True):
    type: str = "text"
