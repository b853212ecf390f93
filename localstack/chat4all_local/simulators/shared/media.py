"""Files on their way through a provider: the facts kept about their bytes, and the reasons for a failure."""

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

from chat4all_local.simulators.shared.file_signs import pixels_of

HEAD_BYTES: Final = 4096
_START_BYTES: Final = 2**20
"""The sides of a JPEG stand behind the camera's data, which may have some hundred kilobytes."""


class Content(msgspec.Struct, frozen=True):
    """The facts about fetched or uploaded bytes: the declared `content_type`, the first bytes in `head`."""

    size: int
    sha256: str
    content_type: str
    filename: str | None
    head: bytes
    pixels: tuple[int, int] | None = None
    """The width and height of a picture."""


class ContentReader:
    """Builds a Content from bytes as they arrive, and keeps only facts and the first bytes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._start = bytearray()
        self.size = 0

    def read(self, piece: bytes) -> None:
        self.size += len(piece)
        self._hash.update(piece)
        if len(self._start) < _START_BYTES:
            self._start += piece[: _START_BYTES - len(self._start)]

    def content(self, content_type: str, filename: str | None) -> Content:
        bare_type = content_type.partition(";")[0].strip().lower()
        start = bytes(self._start)
        digest = self._hash.hexdigest()
        return Content(self.size, digest, bare_type, filename, start[:HEAD_BYTES], pixels_of(start))


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
