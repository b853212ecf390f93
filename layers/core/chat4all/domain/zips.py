"""The directory of a zip file, read with few bytes however large the file is, and nothing unpacked but one small part."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from chat4all.domain.inspection import ReadRange, Sample

END_MARK: Final = b"PK\x05\x06"
_ENTRY_MARK: Final = b"PK\x01\x02"
_LOCAL_MARK: Final = b"PK\x03\x04"
_END: Final = struct.Struct("<4s4H2LH")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_MOST_DIRECTORY_BYTES: Final = 4 * 1024 * 1024
"""Some 40,000 entries; an office file with a hundred sheets has 300."""
_ENCRYPTED: Final = 0x1
_STORED: Final = 0
_DEFLATED: Final = 8


class ZipBroken(Exception):
    """It is no zip file, or none that any program would make."""


class Entry(msgspec.Struct, frozen=True):
    name: str
    flags: int
    method: int
    packed_bytes: int
    offset: int

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED)


class _End(msgspec.Struct, frozen=True):
    count: int
    size: int
    start: int


def ends_as_zip(sample: Sample) -> bool:
    """Whether a zip reader, which looks from the end, would find a directory there.

    The four bytes of the mark alone are chance; a directory in front of it is none.
    """
    return next(_ends(sample), None) is not None


def entries(sample: Sample) -> list[Entry]:
    """Raises ZipBroken."""
    end = next(_ends(sample), None)
    if end is None or end.size > _MOST_DIRECTORY_BYTES:
        raise ZipBroken
    found = list(_entries(sample.read(end.start, end.size)))
    if len(found) != end.count:
        raise ZipBroken
    return found


def unpack(entry: Entry, read: ReadRange, most_bytes: int) -> bytes:
    """The entry's content, if it is no longer than that, packed and unpacked; raises ZipBroken."""
    header = read(entry.offset, _LOCAL.size)
    if entry.packed_bytes > most_bytes or len(header) < _LOCAL.size:
        raise ZipBroken
    mark, *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
    packed = read(entry.offset + _LOCAL.size + name_bytes + extra_bytes, entry.packed_bytes)
    if mark != _LOCAL_MARK or entry.method not in {_STORED, _DEFLATED}:
        raise ZipBroken
    if entry.method == _STORED:
        return packed
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(packed, most_bytes)
    except zlib.error as error:
        raise ZipBroken from error
    if not inflate.eof:
        raise ZipBroken
    return content


def _ends(sample: Sample) -> Iterator[_End]:
    """End records with their directory in front of them, the last first, as readers take them."""
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
            yield _End(count, size, start)


def _last_first(tail: bytes, mark: bytes) -> Iterator[int]:
    """Yield every place of `mark`, which never overlaps with itself."""
    at = tail.rfind(mark)
    while at != -1:
        yield at
        at = tail.rfind(mark, 0, at)


def _entries(directory: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(directory):
        fixed = directory[at : at + _ENTRY.size]
        if len(fixed) < _ENTRY.size or not fixed.startswith(_ENTRY_MARK):
            raise ZipBroken
        (_, _, _, flags, method, _, _, _, packed, _, name, extra, comment, _, _, _, offset) = _ENTRY.unpack(
            fixed
        )
        at += _ENTRY.size
        text = directory[at : at + name].decode(errors="replace")
        yield Entry(text, flags, method, packed, offset)
        at += name + extra + comment
