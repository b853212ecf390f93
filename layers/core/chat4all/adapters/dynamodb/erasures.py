"""The records of the erasures, in the table `messages`: `by-due` lists those with work that is due."""

from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, due_keys
from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import due_key, key
from chat4all.domain.erasing import Erasure

ERASURE: Final = "ERASURE"


class ErasureRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=ERASURE)
    erasure = StructAttribute(Erasure)
    version = NumberAttribute()
    """The version in `erasure`: the condition of every write."""
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)


class DynamoErasures:
    def __init__(self, messages_table: str) -> None:
        bind(messages_table, ErasureRow, DueRow)

    @answering
    def add(self, erasure: Erasure, due_at: str) -> Erasure | None:
        row = _row(erasure, due_at)
        return None if saved(row, ErasureRow.partition.does_not_exist()) else self._get(erasure.erasure_id)

    @answering
    def get(self, erasure_id: str) -> Erasure | None:
        return self._get(erasure_id)

    @answering
    def save(self, erasure: Erasure, expected: int, due_at: str | None) -> bool:
        return saved(_row(erasure, due_at), ErasureRow.version == expected)

    @answering
    def due(self, now: str, limit: int) -> list[Erasure]:
        keys = due_keys(ERASURE, now, limit)
        rows = ErasureRow.batch_get(keys, consistent_read=True) if keys else []
        return [row.erasure for row in rows if row.due_at and row.due_at <= now]

    @answering
    def postpone(self, erasure: Erasure, due_at: str) -> bool:
        row = ErasureRow(_partition(erasure.erasure_id), ERASURE)
        return updated(row, [ErasureRow.due_at.set(due_at)], ErasureRow.version == erasure.version)

    def _get(self, erasure_id: str) -> Erasure | None:
        try:
            erasure: Erasure = ErasureRow.get(_partition(erasure_id), ERASURE, consistent_read=True).erasure
        except ErasureRow.DoesNotExist:
            return None
        return erasure


def _partition(erasure_id: str) -> str:
    return key(ERASURE, erasure_id)


def _row(erasure: Erasure, due_at: str | None) -> ErasureRow:
    return ErasureRow(
        _partition(erasure.erasure_id),
        ERASURE,
        erasure=erasure,
        version=erasure.version,
        due_key=due_key(ERASURE, erasure.erasure_id) if due_at is not None else None,
        due_at=due_at,
    )
