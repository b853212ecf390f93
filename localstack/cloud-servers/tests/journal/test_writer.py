"""Changes are synced in groups, and refused while they cannot be stored."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ministack_server.durable import sync_at_once
from ministack_server.journal.files import Files
from ministack_server.journal.writer import NotStored, Writer

WITHIN_S = 10.0


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "journal")


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def writer(files: Files, logged: list[str]) -> Iterator[Writer]:
    made = Writer(files, 0, logged.append)
    yield made
    made.close()


class FullDisk:
    """A disk that takes `room` more bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: float = float("inf")
        self._write = os.pwrite
        monkeypatch.setattr(os, "pwrite", self.write)

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = int(min(self.room, len(data)))
        self.room -= taken
        return self._write(descriptor, data[:taken], offset)


def test_an_answer_waits_until_its_change_is_in_the_file(writer: Writer, files: Files) -> None:
    async def answer(number: int) -> None:
        writer.append(b"%d" % number)
        await writer.synced()
        assert b"%d" % number in Files(files.folder).read().payloads

    async def answers() -> None:
        await asyncio.gather(*map(answer, range(50)))

    asyncio.run(answers())


@pytest.mark.parametrize(
    ("sync_s", "fast_s"),
    [(0.0, WITHIN_S), (0.005, 0.001)],  # on a busy machine a sync of 0 s may last for milliseconds
    ids=["fast", "slow"],
)
def test_all_that_wait_share_a_sync(
    files: Files, logged: list[str], monkeypatch: pytest.MonkeyPatch, sync_s: float, fast_s: float
) -> None:
    monkeypatch.setattr("ministack_server.journal.writer._FAST_S", fast_s)
    # Given a writer whose thread syncs only when it is asked to
    monkeypatch.setattr("ministack_server.journal.writer._UNWAITED_S", 60.0)
    writer = Writer(files, 0, logged.append)
    syncs: list[int] = []

    def counted(_: int) -> None:
        syncs.append(threading.get_ident())
        time.sleep(sync_s)

    monkeypatch.setattr(os, "fdatasync", counted)
    monkeypatch.setattr("ministack_server.journal.writer.sync_at_once", counted)

    async def answer() -> None:
        writer.append(b"change")
        await writer.synced()

    async def answers() -> None:
        for _ in range(10):  # enough to know whether syncs are slow
            await answer()
        syncs.clear()
        await asyncio.gather(*(answer() for _ in range(100)))

    asyncio.run(answers())
    writer.close()
    assert len(syncs) <= 2
    # A slow sync does not keep the event loop from other requests.
    assert (threading.get_ident() in syncs) == (not sync_s)


def test_a_sync_that_fails_says_why() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_at_once(-1)


@pytest.mark.parametrize("room", [0, 5, 13])
def test_a_full_disk_is_logged_and_the_rest_is_stored_when_there_is_room(
    writer: Writer, files: Files, logged: list[str], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    disk = FullDisk(monkeypatch)
    writer.append(b"before")
    writer.wait_synced()
    # When the disk is full, after a part of a change at the latest
    disk.room = room
    writer.append(b"during")
    with pytest.raises(NotStored, match="No space left on device"):
        writer.wait_synced()
    assert (writer.problem, writer.unsynced) == ("No space left on device", 1)
    with pytest.raises(NotStored, match="No space left on device"):
        asyncio.run(writer.synced())
    # Then no part of it stays in the file
    assert Files(files.folder).read().payloads == [b"before"]
    # And when there is room again, nothing is missing, and the writer says so
    disk.room = float("inf")
    deadline = time.monotonic() + WITHIN_S
    while writer.problem and time.monotonic() < deadline:
        time.sleep(0.01)
    assert Files(files.folder).read().payloads == [b"before", b"during"]
    assert logged == [
        "changes are refused, because they cannot be stored: No space left on device",
        "there is room again: changes are accepted",
    ]


def test_a_stop_with_a_full_disk_says_what_is_not_stored(
    files: Files, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(files, 0, logged.append)
    FullDisk(monkeypatch).room = 0
    writer.append(b"lost")

    with pytest.raises(NotStored, match=r"No space left on device \(1 changes\)"):
        writer.close()


def test_a_generation_begins_with_the_changes_after_it(writer: Writer, files: Files) -> None:
    writer.append(b"one")
    assert writer.begin_generation() == 1
    writer.append(b"two")
    writer.wait_synced()

    assert [files.journal(number).read_bytes()[8:] for number in (0, 1)] == [b"one", b"two"]
