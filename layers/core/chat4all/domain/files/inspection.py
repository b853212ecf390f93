"""The results of an inspection: a refusal of the file, or the facts that one reading of its bytes gives."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.files.plain_text import TextCheck

ReadRange = Callable[[int, int], bytes]
"""A function that reads `length` bytes from `start` on; fewer at the end of the file."""

HEAD_BYTES: Final = 4_096
TAIL_BYTES: Final = 22 + 65_535
"""A zip's end record and its longest comment: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"""


class RejectCode(StrEnum):
    MISSING = "MISSING"
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    SIZE_MISMATCH = "SIZE_MISMATCH"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TYPE_NOT_ALLOWED = "TYPE_NOT_ALLOWED"
    NOT_TEXT = "NOT_TEXT"
    POLYGLOT = "POLYGLOT"
    ENCRYPTED = "ENCRYPTED"
    MACROS = "MACROS"
    DOCUMENT_BROKEN = "DOCUMENT_BROKEN"
    IMAGE_TOO_LARGE = "IMAGE_TOO_LARGE"
    IMAGE_BROKEN = "IMAGE_BROKEN"
    TOO_LARGE_TO_SCAN = "TOO_LARGE_TO_SCAN"
    CANNOT_BE_SCANNED = "CANNOT_BE_SCANNED"


UNKNOWN_TYPE: Final = "UNKNOWN_TYPE"
"""The `inspection` of a person's file of a type that may not be uploaded: its content is not checked."""


class Refusal(msgspec.Struct, frozen=True):
    """A refusal of the file. `reason` is a sentence for the sender of the file."""

    code: str
    reason: str


class Sample(msgspec.Struct, frozen=True):
    """The bytes that show the type of a file: the first and the last, which overlap in a small file.

    `read` reads any others.
    """

    head: bytes
    tail: bytes
    size: int
    read: ReadRange


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is shown, upright: its size in pixels, and JPEGs by their longer side in pixels."""

    width: int
    height: int
    thumbnails: dict[int, bytes]


class Found(msgspec.Struct, frozen=True):
    """The facts that one reading of all bytes gives."""

    size: int
    sha256: str
    head: bytes
    tail: bytes
    is_text: bool
    is_legacy_text: bool
    """The bytes may be a text in an encoding that does not name itself, such as Windows-1252."""


class Reading:
    """One reading of a file, in pieces of any size; it keeps only the head and the tail in memory."""

    def __init__(self) -> None:
        self._size = 0
        self._digest = hashlib.sha256()
        self._head = b""
        self._tail = b""
        self._text = TextCheck()

    def feed(self, piece: bytes) -> None:
        self._size += len(piece)
        self._digest.update(piece)
        self._text.feed(piece)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + piece[:HEAD_BYTES])[:HEAD_BYTES]
        self._tail = (self._tail + piece[-TAIL_BYTES:])[-TAIL_BYTES:]

    def found(self) -> Found:
        """Return the facts; call this once, after the last piece."""
        return Found(
            size=self._size,
            sha256=self._digest.hexdigest(),
            head=self._head,
            tail=self._tail,
            is_text=self._text.is_text(),
            is_legacy_text=self._text.is_legacy_text(self._head),
        )
