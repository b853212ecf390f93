"""An inspection needs the memory of a few windows, however large the file is."""

import os
import tracemalloc
from collections.abc import Iterator

import pytest

from chat4all.adapters.media.yara import YaraScanner
from chat4all.domain.files.file import FileStatus, FileStored
from chat4all.services.files.fetch_file import FetchFile
from chat4all.services.files.inspect_file import InspectFile
from chat4all.services.files.ports import StoredObject
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock
from tests.fakes.files import FILE_ID, MemoryFiles, MemoryFileStore, a_scanning_file
from tests.fakes.inspection import FakeProvider, thumbnailer
from tests.fakes.samples import EICAR, EVERY_TYPE
from tests.fakes.small_stores import MemorySecrets

MIB = 1024 * 1024
SIZE = 256 * MIB
MOST_GROWTH = 40 * MIB
"""The memory for a window of 8 MiB, its pieces before they are joined, and the overlap of windows."""


class GeneratedStore(MemoryFileStore):
    """A store with an object that is made while it is read: `begin`, the same MiB repeatedly, and `end`."""

    def __init__(self, begin: bytes, middle: bytes, end: bytes) -> None:
        super().__init__()
        self._begin = begin
        self._middle = middle
        self._end = end

    def find(self, file_id: str) -> StoredObject | None:
        return StoredObject(SIZE, '"etag"')

    def stream(self, file_id: str) -> Iterator[bytes]:
        left = SIZE - len(self._end)
        piece = self._begin + self._middle[len(self._begin) :]
        while left > 0:
            yield piece[:left]
            left -= len(piece)
            # A copy, since each piece that a store yields is a new object.
            piece = bytes(bytearray(self._middle))
        yield self._end

    def read_range(self, file_id: str, start: int, length: int) -> bytes:
        return self._middle[:length]


@pytest.mark.parametrize(
    ("content_type", "middle", "end", "status"),
    [
        ("video/mp4", os.urandom(MIB), b"", FileStatus.READY),
        ("video/mp4", os.urandom(MIB), EICAR, FileStatus.INFECTED),
        ("text/plain", "Grüße\n".encode() * (MIB // 8), b"", FileStatus.READY),
        ("text/plain", b"a" * MIB, b"\0", FileStatus.REJECTED),
    ],
    ids=["film", "infected film", "text", "no text"],
)
def test_memory_does_not_grow_with_the_file(
    content_type: str, middle: bytes, end: bytes, status: FileStatus
) -> None:
    files = MemoryFiles()
    files.add(a_scanning_file(content_type, size=SIZE), "2026-01-31T12:30:00.000Z")
    begin = EVERY_TYPE[content_type] if content_type.startswith("video/") else b""
    store = GeneratedStore(begin, middle, end)
    inspect = InspectFile(
        files=files,
        store=store,
        audit=MemoryAudit(),
        fetch=FetchFile(store=store, connector=lambda channel: FakeProvider(), secrets=MemorySecrets()),
        scanner=YaraScanner(),
        thumbnailer=thumbnailer,
        name_format=lambda head: None,
        clock=FakeClock(),
    )
    file = files.get(FILE_ID)
    assert file is not None

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        inspected = inspect(FileStored(file.file_id))
        growth = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert inspected is not None
    assert inspected.status is status
    assert growth < MOST_GROWTH
