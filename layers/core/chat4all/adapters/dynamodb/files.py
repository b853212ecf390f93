"""The records of the files, one row each, and the links to them.

A file costs six writes of `by-due` from its upload to its removal, because a change of `due_at` deletes an
entry and puts another. The 16 shards of `by-due` take 16,000 writes a second: 2,600 new files, a file with
every fourth message of 10,000.
"""

import heapq
import itertools
from collections.abc import Iterator
from typing import Final

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry
from chat4all.adapters.dynamodb.rows import TableSettings, answering, as_read, bind, saved
from chat4all.adapters.dynamodb.table_keys import WORKSPACE, due_key, due_shards, key, name_of, shards_of
from chat4all.domain.files.file import FileStatus, StoredFile

_FILE: Final = "FILE"
_LINK: Final = "LINK#"


class ByDue(GlobalSecondaryIndex["FileRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-due"
        projection = KeysOnlyProjection()

    due_key = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class FileRow(Model):
    """A file, or a link to one.

    The key of a link has no workspace, because its token is all that the reader of a link presents. The
    link's row names the workspace.
    """

    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    file_json = UnicodeAttribute(null=True)
    """A StoredFile, read and written whole."""
    status = UnicodeAttribute(null=True)
    """The status in `file_json`: the condition of every write."""
    sent_on = BooleanAttribute(null=True)
    """True for a person's file that a message of our side refers to: the condition of its deletion."""
    needed_until = UnicodeAttribute(null=True)
    """As in `file_json`, so that it is the condition of its next change."""
    file_id = UnicodeAttribute(null=True)
    """The file of a link."""
    workspace = UnicodeAttribute(null=True)
    """The workspace of a link."""
    expires_at = NumberAttribute(null=True)
    """The end of a link, in epoch seconds."""
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    by_due = ByDue()


class DynamoFiles:
    def __init__(self, table_name: str) -> None:
        bind(table_name, FileRow)

    @answering
    def add(self, file: StoredFile, due_at: str) -> bool:
        return saved(_row(file, due_at), FileRow.entry_id.does_not_exist())

    @answering
    def get(self, file_id: str) -> StoredFile | None:
        row = _find(key(_FILE, file_id))
        return file_of(row) if row else None

    @answering
    def save(self, file: StoredFile, expected: FileStatus, due_at: str | None) -> bool:
        return saved(_row(file, due_at), FileRow.status == expected.value)

    @answering
    def hold(self, file: StoredFile, held: StoredFile) -> bool:
        is_ready = FileRow.status == FileStatus.READY.value
        same = as_read(FileRow.needed_until, file.needed_until)
        return saved(_row(held, held.expires_at), is_ready & same)

    @answering
    def delete(self, file: StoredFile, deleted: StoredFile, due_at: str) -> bool:
        is_free = (FileRow.status == file.status.value) & FileRow.sent_on.does_not_exist()
        return saved(_row(deleted, due_at), is_free)

    @answering
    def due(self, now: str, limit: int) -> list[StoredFile]:
        found = heapq.merge(*(_due(shard, now, limit) for shard in shards_of(_FILE, due_shards(_FILE))))
        keys = [key(_FILE, entry.item_id) for entry in itertools.islice(found, limit)]
        rows = FileRow.batch_get(keys, consistent_read=True) if keys else []
        # The index lags behind the table: a file that became READY a moment ago, and is not due for a year,
        # would be removed.
        return [file_of(row) for row in rows if row.due_at and row.due_at <= now]

    @answering
    def add_link(self, token_hash: str, file_id: str, expires_at: int) -> None:
        FileRow(f"{_LINK}{token_hash}", file_id=file_id, workspace=WORKSPACE, expires_at=expires_at).save()

    @answering
    def linked(self, token_hash: str, now: float) -> str | None:
        row = _find(f"{_LINK}{token_hash}")
        return row.file_id if row is not None and float(row.expires_at or 0) > now else None


def _find(entry_id: str) -> FileRow | None:
    try:
        return FileRow.get(entry_id, consistent_read=True)
    except FileRow.DoesNotExist:
        return None


def _row(file: StoredFile, due_at: str | None) -> FileRow:
    return FileRow(
        key(_FILE, file.file_id),
        file_json=msgspec.json.encode(file).decode(),
        status=file.status.value,
        sent_on=True if file.sent_on else None,
        needed_until=file.needed_until,
        due_key=due_key(_FILE, file.file_id) if due_at is not None else None,
        due_at=due_at,
    )


def file_of(row: FileRow) -> StoredFile:
    return msgspec.json.decode(row.file_json or "", type=StoredFile)


def _due(shard: str, now: str, limit: int) -> Iterator[TimeIndexEntry]:
    rows = FileRow.by_due.query(shard, FileRow.due_at <= now, limit=limit)
    return (TimeIndexEntry(row.due_at or "", name_of(row.entry_id)) for row in rows)
