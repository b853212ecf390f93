"""Exports: a row for each, and beside it a row for each file, which names the zip that has its bytes."""

from typing import Final

from msgspec.structs import replace
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, MessageRow, due_rows
from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import due_key, key, name_of
from chat4all.domain.exports import Export

EXPORT: Final = "EXPORT"
_EXPORTS: Final = "EXPORTS"
_FILE: Final = "FILE#"
_STOPPED: Final = -1
"""In the place of the number of zips: no write of a further zip has it as its condition."""


class ExportRow(Model):
    """`zips` is the number of stored zips, the condition of every write."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=EXPORT)
    export = StructAttribute(Export)
    zips = NumberAttribute()
    sender_key = UnicodeAttribute()
    accepted_at = UnicodeAttribute()
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class _FileRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    zip = NumberAttribute()
    expires_at = NumberAttribute()


class DynamoExports:
    def __init__(self, messages_table: str) -> None:
        bind(messages_table, ExportRow, _FileRow, DueRow, MessageRow)

    @answering
    def add(self, export: Export, due_at: str) -> None:
        ExportRow(
            *_place(export.export_id),
            export=export,
            zips=0,
            sender_key=key(_EXPORTS, export.user_id),
            accepted_at=export.created_at,
            due_key=due_key(EXPORT, export.export_id),
            due_at=due_at,
            expires_at=export.known_until,
        ).save()

    @answering
    def get(self, export_id: str) -> Export | None:
        row = ExportRow(*_place(export_id))
        try:
            row.refresh(consistent_read=True)
        except ExportRow.DoesNotExist:
            return None
        return row.export

    @answering
    def of_user(self, user_id: str) -> list[Export]:
        found = MessageRow.by_sender.query(key(_EXPORTS, user_id), scan_index_forward=False)
        keys = [_place(name_of(row.partition)) for row in found]
        rows = ExportRow.batch_get(keys, consistent_read=True) if keys else []
        return sorted((row.export for row in rows), key=lambda export: export.created_at, reverse=True)

    @answering
    def save(self, export: Export, zips: int, due_at: str | None) -> bool:
        due = (
            [ExportRow.due_at.set(due_at)]
            if due_at is not None
            else [ExportRow.due_key.remove(), ExportRow.due_at.remove()]
        )
        actions = [ExportRow.export.set(export), ExportRow.zips.set(len(export.zips)), *due]
        return updated(ExportRow(*_place(export.export_id)), actions, ExportRow.zips == zips)

    @answering
    def stop(self, export: Export, at: str) -> None:
        ended = replace(export, finished_at=export.finished_at or at, expires_at=at)
        actions = [
            ExportRow.export.set(ended),
            ExportRow.zips.set(_STOPPED),
            ExportRow.due_key.remove(),
            ExportRow.due_at.remove(),
        ]
        updated(ExportRow(*_place(export.export_id)), actions, ExportRow.partition.exists())

    @answering
    def claim_file(self, export: Export, file_id: str) -> bool:
        number = len(export.zips)
        row = _FileRow(
            _place(export.export_id)[0], _FILE + file_id, zip=number, expires_at=export.known_until
        )
        return saved(row, _FileRow.partition.does_not_exist() | (_FileRow.zip == number))

    @answering
    def due(self, now: str, limit: int) -> list[Export]:
        return [row.export for row in due_rows(ExportRow, EXPORT, now, limit)]

    @answering
    def postpone(self, export: Export, due_at: str) -> None:
        row = ExportRow(*_place(export.export_id))
        updated(row, [ExportRow.due_at.set(due_at)], ExportRow.due_key.exists())


def _place(export_id: str) -> tuple[str, str]:
    return key(EXPORT, export_id), EXPORT
