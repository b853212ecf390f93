"""The records of files, in DynamoDB."""

import uuid

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb import files as dynamodb_files
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.listing import TimeIndexEntry
from chat4all.domain.files.file import FileStatus, Source, StoredFile
from tests.integration.aws import Aws

DUE = "2001-01-31T12:00:00.000Z"
LATER = "2001-01-31T12:00:00.001Z"
NEVER = "9999-01-31T12:00:00.001Z"


@pytest.fixture
def files(aws: Aws) -> DynamoFiles:
    return DynamoFiles(aws.output("Data.FilesTable"))


def a_file() -> StoredFile:
    return StoredFile(
        str(uuid.uuid4()),
        "a.png",
        "image/png",
        7,
        FileStatus.PENDING,
        DUE,
        NEVER,
        source=Source("pigeon", "main", "7"),
    )


def test_a_file_is_found_as_it_was_added(files: DynamoFiles) -> None:
    file = a_file()

    assert files.add(file, NEVER)

    assert files.get(file.file_id) == file
    assert files.get("nobody's") is None


def test_an_id_is_given_once(files: DynamoFiles) -> None:
    file = a_file()
    files.add(file, NEVER)

    assert not files.add(replace(file, filename="b.png"), NEVER)

    assert files.get(file.file_id) == file


def test_of_two_who_change_it_one_wins(files: DynamoFiles) -> None:
    file = a_file()
    files.add(file, NEVER)
    scanning = replace(file, status=FileStatus.SCANNING)

    assert files.save(scanning, FileStatus.PENDING, NEVER)
    assert not files.save(replace(file, status=FileStatus.ABORTED), FileStatus.PENDING, None)

    assert files.get(file.file_id) == scanning


def test_a_file_is_deleted_unless_it_changed_or_is_sent_on(files: DynamoFiles) -> None:
    fetched, changed, sent_on = (replace(a_file(), status=FileStatus.READY) for _ in range(3))
    for file in (fetched, changed, sent_on):
        files.add(file, NEVER)
    files.save(replace(sent_on, sent_on=True), FileStatus.READY, NEVER)
    files.save(replace(changed, status=FileStatus.INFECTED), FileStatus.READY, NEVER)

    deleted = [
        files.delete(file, replace(file, status=FileStatus.DELETED), DUE)
        for file in (fetched, changed, sent_on)
    ]

    assert deleted == [True, False, False]
    kept = [files.get(file.file_id) for file in (fetched, changed, sent_on)]
    statuses = [file.status for file in kept if file is not None]
    assert statuses == [FileStatus.DELETED, FileStatus.INFECTED, FileStatus.READY]
    assert fetched.file_id in {file.file_id for file in files.due(LATER, 100)}


def test_a_file_is_held_unless_it_changed(files: DynamoFiles) -> None:
    file = replace(a_file(), status=FileStatus.READY)
    files.add(file, NEVER)
    first, second = replace(file, needed_until=NEVER), replace(file, sent_on=True)

    assert files.hold(file, first)
    assert not files.hold(file, second)
    assert files.get(file.file_id) == first
    assert files.hold(first, replace(first, sent_on=True))
    files.save(replace(first, status=FileStatus.EXPIRED), FileStatus.READY, None)
    assert not files.hold(first, replace(first, needed_until=f"{NEVER}Z"))


def test_what_was_never_added_is_not_saved(files: DynamoFiles) -> None:
    file = a_file()

    assert not files.save(file, FileStatus.PENDING, None)

    assert files.get(file.file_id) is None


def test_relay_sees_what_is_due(files: DynamoFiles) -> None:
    due, later, done = a_file(), a_file(), a_file()
    for file in (due, later, done):
        files.add(file, DUE if file is not later else LATER)
    files.save(replace(done, status=FileStatus.READY), FileStatus.PENDING, None)

    found = files.due(DUE, 100)

    assert due in found
    assert not {later.file_id, done.file_id} & {due_file.file_id for due_file in found}


def test_what_is_due_no_more_is_not_seen_though_the_index_shows_it_still(
    files: DynamoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_file()
    files.add(file, DUE)
    shown = TimeIndexEntry(DUE, file.file_id)
    monkeypatch.setattr(
        dynamodb_files, "_due", lambda shard, *_: iter((shown,) if shard == "default#FILE#0" else ())
    )
    assert files.due(DUE, 100) == [file]

    files.save(replace(file, status=FileStatus.READY), FileStatus.PENDING, NEVER)

    assert files.due(DUE, 100) == []


def test_a_link_leads_to_its_file_until_it_expires(files: DynamoFiles) -> None:
    files.add_link("hash", "file", 1000)

    assert files.linked("hash", 999.0) == "file"
    assert files.linked("hash", 1000.0) is None
    assert files.linked("another", 0.0) is None
