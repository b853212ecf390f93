"""The file sweeper: uploads that nobody completed, inspections to be asked for again, expired files."""

from datetime import timedelta

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.files.file import FileStatus, FileStored, FileToFetch, Source
from chat4all.services.files.expire_files import FETCHED_WITHIN, ExpireFiles
from chat4all.services.files.upload_file import INSPECTED_WITHIN
from tests.fakes.clock import BEGINNING
from tests.fakes.files import MemoryFiles, MemoryFileStore, RecordedFileEvents, a_file

SOURCE = Source("pigeon", "main", "theirs")


class Sweep:
    def __init__(self, **fields: object) -> None:
        """Store a file, which is due."""
        self.store, self.events = MemoryFileStore(), RecordedFileEvents()
        file = a_file("file", **{"created_at": iso(BEGINNING), "upload_id": None, **fields})
        if file.upload_id is not None:
            self.store.begin_upload(file)
        if file.status is FileStatus.READY:
            self.store.write(file, [b"bytes"], 5)
            self.store.put_thumbnail("file", 200, b"small")
        self.files = MemoryFiles(file)
        self.files.due_at["file"] = iso(BEGINNING)
        self.expire_files = ExpireFiles(self.files, self.store, self.events)

    def swept(self, after: timedelta = timedelta()) -> FileStatus:
        self.expire_files(BEGINNING + after)
        found = self.files.get("file")
        assert found is not None
        return found.status


def test_an_upload_that_nobody_completed_ends() -> None:
    sweep = Sweep(status=FileStatus.PENDING, upload_id="upload-file")

    assert sweep.swept() is FileStatus.EXPIRED
    assert sweep.store.stored_parts(sweep.files.files["file"]) is None
    assert sweep.files.due_at == {}


def test_a_file_that_has_had_its_time_goes_with_its_thumbnails() -> None:
    sweep = Sweep(status=FileStatus.READY)

    assert sweep.swept() is FileStatus.EXPIRED
    assert (sweep.store.objects, sweep.store.thumbnails) == ({}, {})


@pytest.mark.parametrize(
    "status", [FileStatus.SCANNING, FileStatus.INFECTED, FileStatus.REJECTED, FileStatus.DELETED]
)
def test_an_inspection_that_did_not_end_is_asked_for_again_and_again(status: FileStatus) -> None:
    sweep = Sweep(status=status)

    sweep.swept()
    sweep.swept(INSPECTED_WITHIN - timedelta(seconds=1))
    assert sweep.swept(INSPECTED_WITHIN) is status

    assert sweep.events.published == [FileStored("file")] * 2


def test_what_a_person_sent_is_fetched_again_until_it_is_given_up() -> None:
    sweep = Sweep(status=FileStatus.PENDING, source=SOURCE)

    assert sweep.swept() is FileStatus.PENDING
    assert sweep.events.published == [FileToFetch("file")]
    assert sweep.swept(FETCHED_WITHIN) is FileStatus.EXPIRED
    assert sweep.events.published == [FileToFetch("file")]


@pytest.mark.parametrize("status", [FileStatus.ABORTED, FileStatus.EXPIRED])
def test_what_is_over_is_left_alone(status: FileStatus) -> None:
    sweep = Sweep(status=status)

    assert sweep.swept() is status
    assert (sweep.events.published, sweep.files.due_at) == ([], {})
