"""What `relay` does about files."""

from datetime import timedelta

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.files import FileStatus, FileStored, FileToFetch, Source
from chat4all.services.files.look_after_files import FETCHED_WITHIN, LookAfterFiles
from chat4all.services.files.upload_file import INSPECTED_WITHIN
from tests.fakes.clock import BEGINNING
from tests.fakes.files import MemoryFiles, MemoryFileStore, RecordedFileEvents, a_file

SOURCE = Source("pigeon", "main", "theirs")


class World:
    def __init__(self, **fields: object) -> None:
        """One file, which is due."""
        self.store, self.events = MemoryFileStore(), RecordedFileEvents()
        file = a_file("file", **{"created_at": iso(BEGINNING), "upload_id": None, **fields})
        if file.upload_id is not None:
            self.store.begin_upload(file)
        if file.status is FileStatus.READY:
            self.store.write(file, [b"bytes"], 5)
            self.store.put_thumbnail("file", 200, b"small")
        self.files = MemoryFiles(file)
        self.files.due_at["file"] = iso(BEGINNING)
        self.look_after = LookAfterFiles(self.files, self.store, self.events)

    def looked_after(self, after: timedelta = timedelta()) -> FileStatus:
        self.look_after(BEGINNING + after)
        found = self.files.get("file")
        assert found is not None
        return found.status


def test_an_upload_that_nobody_completed_ends() -> None:
    world = World(status=FileStatus.PENDING, upload_id="upload-file")

    assert world.looked_after() is FileStatus.EXPIRED
    assert world.store.stored_parts(world.files.files["file"]) is None
    assert world.files.due_at == {}


def test_a_file_that_has_had_its_time_goes_with_its_thumbnails() -> None:
    world = World(status=FileStatus.READY)

    assert world.looked_after() is FileStatus.EXPIRED
    assert (world.store.objects, world.store.thumbnails) == ({}, {})


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.INFECTED, FileStatus.REJECTED])
def test_an_inspection_that_did_not_end_is_asked_for_again_and_again(status: FileStatus) -> None:
    world = World(status=status)

    world.looked_after()
    world.looked_after(INSPECTED_WITHIN - timedelta(seconds=1))
    assert world.looked_after(INSPECTED_WITHIN) is status

    assert world.events.published == [FileStored("file")] * 2


def test_what_a_person_sent_is_fetched_again_until_it_is_given_up() -> None:
    world = World(status=FileStatus.PENDING, source=SOURCE)

    assert world.looked_after() is FileStatus.PENDING
    assert world.events.published == [FileToFetch("file")]
    assert world.looked_after(FETCHED_WITHIN) is FileStatus.EXPIRED
    assert world.events.published == [FileToFetch("file")]


@pytest.mark.parametrize("status", [FileStatus.ABORTED, FileStatus.EXPIRED])
def test_what_is_over_is_left_alone(status: FileStatus) -> None:
    world = World(status=status)

    assert world.looked_after() is status
    assert (world.events.published, world.files.due_at) == ([], {})
