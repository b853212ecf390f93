"""The notes on a conversation: rows beside the conversation's own, sorted by their time."""

from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind, deleted, saved
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.note import Note

NOTE: Final = "NOTE#"


class NoteRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    note = StructAttribute(Note)


class DynamoNotes:
    def __init__(self, conversations_table: str) -> None:
        bind(conversations_table, NoteRow)

    @answering
    def add(self, note: Note) -> None:
        _row(note).save()

    @answering
    def get(self, conversation_id: str, note_id: str) -> Note | None:
        try:
            row = NoteRow.get(key(conversation_id), f"{NOTE}{note_id}", consistent_read=True)
        except NoteRow.DoesNotExist:
            return None
        note: Note = row.note
        return note

    @answering
    def latest(self, conversation_id: str, before: str | None, limit: int) -> list[Note]:
        span = (
            NoteRow.record.between(NOTE, f"{NOTE}{before}")
            if before is not None
            else NoteRow.record.startswith(NOTE)
        )
        rows = NoteRow.query(
            key(conversation_id), span, consistent_read=True, scan_index_forward=False, page_size=limit + 1
        )
        found: list[Note] = []
        for row in rows:
            if row.note.note_id != before:
                found.append(row.note)
            if len(found) == limit:
                break
        return found

    @answering
    def replace(self, note: Note) -> bool:
        return saved(_row(note), NoteRow.partition.exists())

    @answering
    def delete(self, note: Note) -> bool:
        return deleted(_row(note), NoteRow.partition.exists())


def _row(note: Note) -> NoteRow:
    return NoteRow(key(note.conversation_id), f"{NOTE}{note.note_id}", note=note)
