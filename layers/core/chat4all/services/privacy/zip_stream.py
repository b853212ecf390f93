"""Write a zip as a stream of pieces, with the memory of one piece.

Every entry is in the format of deflate: a program that reads a zip as a stream cannot find the end of an
entry that is stored without its size in front. Files are compressed already, so they are in deflate's blocks
without compression, which cost no time. Entries over 2 GiB and zips over 4 GiB are in the ZIP64 format.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.9, 4.4.4)
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

WORDS: Final = 6
"""The level of zlib for JSON and HTML."""
FILES: Final = 0
"""Blocks without compression."""
_FILE: Final = 0o100600 << 16
"""A plain file that its owner may read and write."""


class _Sink:
    """A stream that can neither seek nor tell, so that ZipFile writes forward only."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


class ZipStream:
    """A zip that is written entry by entry. Each method yields the bytes that are next."""

    def __init__(self, at: datetime) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED)
        self._at = (at.year, at.month, at.day, at.hour, at.minute, at.second)

    def entry(self, name: str, pieces: Iterable[bytes], size: int, level: int = WORDS) -> Iterator[bytes]:
        """Write an entry of about `size` bytes, which decides on its format."""
        info = ZipInfo(name, self._at)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = _FILE
        info.file_size = size
        info._compresslevel = level  # type: ignore[attr-defined]  # noqa: SLF001
        with self._zip.open(info, "w") as entry:
            for piece in pieces:
                entry.write(piece)
                yield self._sink.take()
        yield self._sink.take()

    def end(self) -> Iterator[bytes]:
        """Write the directory."""
        self._zip.close()
        yield self._sink.take()
