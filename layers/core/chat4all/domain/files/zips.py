"""Read the directory and a small part of an untrusted zip file, with few bytes however large the file is."""

import struct
import zlib
from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END, SEEK_SET
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from chat4all.domain.files.inspection import Sample

END_MARK: Final = b"PK\x05\x06"
_ENTRY_MARK: Final = b"PK\x01\x02"
_END: Final = struct.Struct("<4s4H2LH")
_MOST_BYTES: Final = 4 * 1024 * 1024
"""Some 40,000 entries; an office file with a hundred sheets has 300."""
_HOSTILE: Final = (BadZipFile, EOFError, NotImplementedError, ValueError, struct.error, zlib.error)
"""The errors of zipfile for bytes that are no zip file, or a zip file of a kind that it does not read."""


class ZipBroken(Exception):
    """The bytes are not a zip file, or form a zip file that no program would write."""


def ends_as_zip(sample: Sample) -> bool:
    """Return whether a zip reader, which looks from the end, would find a directory there.

    The four bytes of an end mark may occur by chance; a directory in front of the mark does not. zipfile
    looks at the last mark only; other readers go on to the mark before it.
    """
    return any(_counts(sample))


def opened(sample: Sample) -> ZipFile:
    """Read the directory of a zip file. Raises ZipBroken."""
    try:
        archive = ZipFile(_RangedFile(sample))
    except _HOSTILE as error:
        raise ZipBroken from error
    if len(archive.filelist) != next(_counts(sample), None):
        raise ZipBroken
    return archive


def unpack(archive: ZipFile, part: ZipInfo, most_bytes: int) -> bytes:
    """Return the content of a part of at most `most_bytes`, packed and unpacked; raises ZipBroken."""
    if part.compress_size > most_bytes or part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise ZipBroken
    try:
        with archive.open(part) as file:
            content = file.read(most_bytes + 1)
    except _HOSTILE as error:
        raise ZipBroken from error
    if len(content) > most_bytes:
        raise ZipBroken
    return content


class _RangedFile:
    """A sample as the file that zipfile reads: at most _MOST_BYTES of it, all reads together."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._at = 0
        self._left = _MOST_BYTES

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        self._at = offset + {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._sample.size}[whence]
        if self._at < 0:
            raise BadZipFile
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        rest = max(0, self._sample.size - self._at)
        size = min(size, rest) if size >= 0 else rest
        self._left -= size
        if self._left < 0:
            raise BadZipFile
        found = self._known(size) or self._sample.read(self._at, size)
        self._at += len(found)
        return found

    def _known(self, size: int) -> bytes:
        """Return what the head or the tail has whole, since a read of the store is a request."""
        end, tail_start = self._at + size, self._sample.size - len(self._sample.tail)
        if self._at >= tail_start:
            return self._sample.tail[self._at - tail_start : end - tail_start]
        return self._sample.head[self._at : end] if end <= len(self._sample.head) else b""


def _counts(sample: Sample) -> Iterator[int]:
    """Yield the number of entries of each end record that follows a directory, the last record first."""
    tail_start = sample.size - len(sample.tail)
    for at in _last_first(sample.tail, END_MARK):
        record = sample.tail[at : at + _END.size]
        if len(record) < _END.size:
            continue
        _, disk, directory_disk, here, count, size, _, _ = _END.unpack(record)
        start = tail_start + at - size
        if disk or directory_disk or here != count or not count or start < 0:
            continue
        if sample.read(start, len(_ENTRY_MARK)) == _ENTRY_MARK:
            yield count


def _last_first(tail: bytes, mark: bytes) -> Iterator[int]:
    """Yield every place of `mark`, which never overlaps with itself."""
    at = tail.rfind(mark)
    while at != -1:
        yield at
        at = tail.rfind(mark, 0, at)
