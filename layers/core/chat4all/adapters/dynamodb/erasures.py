"""The records of the erasures, in the table `messages`: `by-due` lists those with work that is due."""

from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.directory import UserRow, user_key
from chat4all.adapters.dynamodb.message_rows import DueRow, due_rows
from chat4all.adapters.dynamodb.rows import (
    StructAttribute,
    TableSettings,
    answering,
    as_read,
    bind,
    committed,
    connection_of,
    saved,
    updated,
)
from chat4all.adapters.dynamodb.table_keys import due_key, key
from chat4all.domain.erasing import Erasure
from chat4all.domain.person import User

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
    def get(self, erasure_id: str) -> Erasure | None:
        try:
            erasure: Erasure = ErasureRow.get(_partition(erasure_id), ERASURE, consistent_read=True).erasure
        except ErasureRow.DoesNotExist:
            return None
        return erasure

    @answering
    def save(self, erasure: Erasure, expected: int, due_at: str | None) -> bool:
        return saved(_row(erasure, due_at), ErasureRow.version == expected)

    @answering
    def due(self, now: str, limit: int) -> list[Erasure]:
        return [row.erasure for row in due_rows(ErasureRow, ERASURE, now, limit)]

    @answering
    def postpone(self, erasure: Erasure, due_at: str) -> bool:
        row = ErasureRow(_partition(erasure.erasure_id), ERASURE)
        return updated(row, [ErasureRow.due_at.set(due_at)], ErasureRow.version == erasure.version)


class DynamoErasureRequests:
    """The begin of an erasure: one transaction over the tables `messages` and `directory`."""

    def __init__(self, messages_table: str, directory_table: str) -> None:
        bind(messages_table, ErasureRow)
        bind(directory_table, UserRow)

    @answering
    def begin(self, user: User, erasure: Erasure, due_at: str) -> bool:
        same: Condition = UserRow.entry_id.exists() & UserRow.merge.does_not_exist()
        same &= as_read(UserRow.merged, user.merged)
        follows: Condition = ErasureRow.partition.does_not_exist()
        if erasure.version:
            follows = ErasureRow.version == erasure.version - 1
        transaction = TransactWrite(connection=connection_of(UserRow))
        marked: list[Action] = [UserRow.erasing_at.set(erasure.requested_at)]
        transaction.update(UserRow(user_key(user.user_id)), actions=marked, condition=same)
        transaction.save(_row(erasure, due_at), condition=follows)
        return committed(transaction)


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
