"""Files on their way through a provider: the facts kept about their bytes, and the reasons for a failure."""

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

HEAD_BYTES: Final = 4096


class Content(msgspec.Struct, frozen=True):
    """The facts about fetched or uploaded bytes: the declared `content_type`, the first bytes in `head`."""

    size: int
    sha256: str
    content_type: str
    filename: str | None
    head: bytes


class ContentReader:
    """Builds a Content from bytes as they arrive, and keeps only the first bytes."""

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
    """The reasons for which a link gave no file."""

    UNREACHABLE = "unreachable"
    """No connection, no end within the time limit, too many redirects, or fewer bytes than announced."""
    STATUS = "status"
    """A status other than 200."""
    TOO_LARGE = "too large"


class Unfetched(msgspec.Struct, frozen=True):
    """A link that gave no file; `detail` is the status and its phrase, or the network error."""

    end: FetchEnd
    detail: str = ""


class OutgoingMedia(msgspec.Struct, frozen=True):
    """The file of a message to a customer, of at most `most_bytes`: at `link`, or uploaded as `content`."""

    kind: str
    most_bytes: int
    link: str | None = None
    filename: str | None = None
    content: Content | None = None


class MediaProblem(msgspec.Struct, frozen=True):
    """The reason for which the provider rejects a file, in the provider's codes and words."""

    code: int
    details: str
    subcode: int | None = None


class MediaRule(msgspec.Struct, frozen=True):
    """The files of a kind that a provider accepts."""

    content_types: tuple[str, ...]
    most_bytes: int
