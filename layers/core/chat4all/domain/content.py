"""The content of a message: one Struct for each kind, distinguished by `type` in JSON.

A message carries its content whole from the request to the row, the events, the connectors and the answers.
A new kind adds a Struct to `Plain`, and a case in a few places. The type checker names each of these places
except the parsing of the channels' webhooks; docs/extending.md has the list. Rows, events, ports and answers
do not change.

Every kind has a `text`, which people can read where a client or a channel does not know the kind. It may be
empty.
"""

import hashlib
from typing import Annotated, TypeVar

import msgspec
from msgspec.structs import replace

from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.kinds import (
    Buttons,
    Carousel,
    Choices,
    Contacts,
    HeaderFile,
    Location,
    Reaction,
    Template,
)


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="text"):
    """A text without a file."""

    text: str


class Media(msgspec.Struct, frozen=True, tag_field="type", tag="media"):
    """A file; `text` is its caption."""

    file: Attachment
    text: str = ""


class AlbumFile(msgspec.Struct, frozen=True):
    """A file of an album; `text` is its caption."""

    file: Attachment
    text: str = ""


class Album(msgspec.Struct, frozen=True, tag_field="type", tag="album"):
    """Files that were sent as one message, in their order.

    `text` is the words of the message; where the files have captions, it is the captions, each in its line.
    The files of a person's album may come one after the other: for a moment, it has a single file.
    """

    files: tuple[AlbumFile, ...]
    text: str = ""

    @property
    def captions(self) -> str:
        """Return the captions of the files, each in its line; a file without a caption has no line."""
        return "\n".join(part.text for part in self.files if part.text.strip())

    @property
    def singles(self) -> tuple[Media, ...]:
        """Return each file as a message of its own; the words of all files stand with the first."""
        has_captions = any(part.text.strip() for part in self.files)
        return tuple(
            Media(part.file, part.text if has_captions or number else self.text)
            for number, part in enumerate(self.files)
        )


class Unsupported(msgspec.Struct, frozen=True, tag_field="type", tag="unsupported"):
    """Content of a kind that Chat4All does not know yet, or that the provider does not give.

    `provider_kind` is the provider's name for the kind. The message's `provider_fields` hold the rest.
    """

    provider_kind: str
    text: str = ""


class Notice(msgspec.Struct, frozen=True, tag_field="type", tag="notice"):
    """News of the chat, and not words of a person: a new title, a member who joined.

    `event` is the provider's name for the news.
    """

    event: str
    text: str = ""


class Deleted(msgspec.Struct, frozen=True, tag_field="type", tag="deleted"):
    """The words and the file of a message that its author deleted are removed."""

    text: str = ""


class PostedMedia(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="media"):
    """A file that a client sends: an uploaded file, by its id of at most 128 characters."""

    file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    text: str = ""
    form: Form | None = None


class PostedAlbumFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of an album that a client sends, by its id; `text` is its caption."""

    file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    text: str = ""


class PostedAlbum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="album"):
    """Files that a client sends as one message; `text` is the words of all, where no file has a caption."""

    files: tuple[PostedAlbumFile, ...]
    text: str = ""


class ProviderFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that still lies at the provider: `reference` is its media id, file id or address there.

    The other fields are claims of the person's app. The inspection checks them once the file is fetched.
    `size` is in bytes. `unique_id` names the bytes, where the provider may give several references to them.
    """

    reference: str
    content_type: str | None = None
    filename: str | None = None
    size: int | None = None
    unique_id: str | None = None
    form: Form | None = None

    @property
    def identity(self) -> str:
        """Return a short name of the bytes, which is another one for other bytes."""
        return hashlib.sha256((self.unique_id or self.reference).encode()).hexdigest()[:32]


class ReceivedMedia(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="media"):
    """A file that a person sent; `text` is its caption."""

    file: ProviderFile
    text: str = ""


class ReceivedAlbum(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="album"):
    """Files that a person sent in one message of the provider, without captions of their own."""

    files: tuple[ProviderFile, ...]
    text: str = ""


Plain = Text | Location | Contacts | Reaction | Buttons | Choices | Template | Carousel
"""The kinds that are the same in a request, in a webhook and in a message."""
Content = Plain | Media | Album | Unsupported | Notice | Deleted
PostedContent = Plain | PostedMedia | PostedAlbum
ReceivedContent = Plain | ReceivedMedia | ReceivedAlbum | Unsupported | Notice

C = TypeVar("C", bound=Content)


def reworded(content: C, text: str) -> C:
    """Return `content` with another text."""
    return replace(content, text=text)


def kind_of(content: Content | ReceivedContent) -> str:
    """Return the kind of `content`: its `type` in JSON."""
    return str(content.__struct_config__.tag)


def file_of(content: Content) -> Attachment | None:
    """Return the file of `content`, or of the header of a template, if it has one."""
    if isinstance(content, Template):
        return content.header.file if isinstance(content.header, HeaderFile) else None
    return content.file if isinstance(content, Media) else None


def attachments_of(content: Content) -> tuple[Attachment, ...]:
    """Return the files of `content`, whatever its kind."""
    if isinstance(content, Album):
        return tuple(part.file for part in content.files)
    file = file_of(content)
    return () if file is None else (file,)
