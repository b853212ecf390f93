"""Files on their way through a provider: what is kept of one whose bytes went by, and what went wrong."""

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

HEAD_BYTES: Final = 4096


class Content(msgspec.Struct, frozen=True):
    """Bytes that were fetched or uploaded: `content_type` as it was said, `head` the first of them."""

    size: int
    sha256: str
    content_type: str
    filename: str | None
    head: bytes


class ContentReader:
    """Makes a Content of bytes as they come, and keeps none of them but the first."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self.size = 0

    def read(self, piece: bytes) -> None:
        self.size += len(piece)
        self._hash.update(piece)
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]

    def content(self, content_type: str, filename: str | None) -> Content:
        bare_type = content_type.partition(";")[0].strip().lower()
        return Content(self.size, self._hash.hexdigest(), bare_type, filename, bytes(self._head))


class FetchEnd(StrEnum):
    """Why a link gave no file."""

    UNREACHABLE = "unreachable"
    """No connection, no end within the time, too many redirects, less than was announced."""
    STATUS = "status"
    """Another answer than 200."""
    TOO_LARGE = "too large"


class Unfetched(msgspec.Struct, frozen=True):
    """A link that gave no file; `detail` is the status and its phrase, or the fault of the network."""

    end: FetchEnd
    detail: str = ""


class OutgoingMedia(msgspec.Struct, frozen=True):
    """The file of a message to a person, up to `most_bytes`: at `link`, or already here as `content`."""

    kind: str
    most_bytes: int
    link: str | None = None
    filename: str | None = None
    content: Content | None = None


class MediaProblem(msgspec.Struct, frozen=True):
    """Why the provider does not take a file, in its own code and words."""

    code: int
    details: str
    subcode: int | None = None


class MediaRule(msgspec.Struct, frozen=True):
    """The files of one kind that a provider takes."""

    content_types: tuple[str, ...]
    most_bytes: int
