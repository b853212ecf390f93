"""The bodies of requests to send, as the Cloud API accepts them. An unknown field is refused."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from chat4all_local.simulators.whatsapp.media import RULES

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


File: TypeAlias = Audio | Captioned | Document


class Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: Annotated[str, msgspec.Meta(pattern=r"^wamid\..+")]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of a request to send. `to` takes precedence over `recipient`, and may be the id of a group."""

    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual", "group"] = "individual"
    to: Annotated[str, msgspec.Meta(pattern=TO_PATTERN)] | None = None
    recipient: Annotated[str, msgspec.Meta(pattern=BSUID_PATTERN)] | None = None
    type: Literal["text", "image", "video", "audio", "document"] = "text"
    text: Text | None = None
    image: Captioned | None = None
    video: Captioned | None = None
    audio: Audio | None = None
    document: Document | None = None
    context: Context | None = None
    biz_opaque_callback_data: Annotated[str, msgspec.Meta(max_length=512)] | None = None

    def file(self) -> File | None:
        files = {"image": self.image, "video": self.video, "audio": self.audio, "document": self.document}
        return files.get(self.type)

    def objects(self) -> list[str]:
        """Return the types whose objects are present."""
        return [name for name in ("text", *RULES) if getattr(self, name) is not None]


class Typed(msgspec.Struct, frozen=True):
    type: str = "text"
