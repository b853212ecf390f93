"""The retention of the workspace: one row of the table `directory` with the setting and its walk."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, as_read, bind, updated
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.retention import Retention, RetentionState, Walk


class RetentionRow(Model):
    """`step` counts the written steps of all walks."""

    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    setting = StructAttribute(Retention)
    version = NumberAttribute()
    walk = StructAttribute(Walk, null=True)
    step = NumberAttribute(null=True)
    due_at = UnicodeAttribute()


class DynamoRetention:
    def __init__(self, directory_table: str) -> None:
        bind(directory_table, RetentionRow)

    @answering
    def read(self) -> RetentionState | None:
        row = _row()
        try:
            row.refresh(consistent_read=True)
        except RetentionRow.DoesNotExist:
            return None
        return RetentionState(row.setting, row.walk, int(row.step or 0), row.due_at)

    @answering
    def set_days(self, known: RetentionState | None, days: int, at: str) -> bool:
        version = known.setting.version if known is not None else 0
        actions = [
            RetentionRow.setting.set(Retention(days, at, version + 1)),
            RetentionRow.version.set(version + 1),
            RetentionRow.due_at.set(at),
        ]
        unchanged = RetentionRow.version == version if version else RetentionRow.entry_id.does_not_exist()
        return updated(_row(), actions, unchanged)

    @answering
    def save(self, known: RetentionState, walk: Walk, due_at: str) -> bool:
        actions = [RetentionRow.walk.set(walk), RetentionRow.step.set(known.step + 1)]
        same_step = as_read(RetentionRow.step, known.step)
        same_setting = RetentionRow.version == known.setting.version
        row = _row()
        if updated(row, [*actions, RetentionRow.due_at.set(due_at)], same_step & same_setting):
            return True
        # A new setting has made the next step due at once; it does not void the work of this one.
        return updated(row, actions, same_step & (RetentionRow.version > known.setting.version))

    @answering
    def postpone(self, known: RetentionState, due_at: str) -> bool:
        return updated(_row(), [RetentionRow.due_at.set(due_at)], RetentionRow.due_at == known.due_at)


def _row() -> RetentionRow:
    return RetentionRow(key("RETENTION"))
