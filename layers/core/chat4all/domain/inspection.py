"""What an inspection finds: why a file is refused, and what one reading of its bytes tells."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.plain_text import TextCheck

ReadRange = Callable[[int, int], bytes]
"""`length` bytes from `start` on; fewer at the end."""

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


class Refusal(msgspec.Struct, frozen=True):
    """The file is not taken. `reason` is a sentence for whoever sent it."""

    code: str
    reason: str


class Sample(msgspec.Struct, frozen=True):
    """What a type is told from: the first and last bytes, which overlap in a small file, and any others by `read`."""

    head: bytes
    tail: bytes
    size: int
    read: ReadRange


class Found(msgspec.Struct, frozen=True):
    """What one reading of all bytes tells."""

    size: int
    sha256: str
    head: bytes
    tail: bytes
    is_text: bool


class Reading:
    """Takes the bytes in pieces of any size, and keeps of them what fits into a few KiB."""

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
        """Once, after the last piece."""
        return Found(
            size=self._size,
            sha256=self._digest.hexdigest(),
            head=self._head,
            tail=self._tail,
            is_text=self._text.is_text(),
        )
