"""The records of DynamoDB's streams as changes of what is searched.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from pynamodb.models import Model

from chat4all.adapters.dynamodb.directory import UserRow, user_of
from chat4all.adapters.dynamodb.message_rows import MESSAGE, MessageRow, message_of
from chat4all.adapters.dynamodb.notes import NOTE, NoteRow
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.search import Change, Document, message_document, note_document, person_document

R = TypeVar("R", bound=Model)
Image = Mapping[str, Mapping[str, Any]]
"""A row, or its key, as DynamoDB writes it: each attribute with its type."""
_USER: Final = key("USER", "")


def row_key(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key of the row that a record is about; raises KeyError for anything else."""
    keys: Image = record["dynamodb"]["Keys"]
    return tuple(keys[name]["S"] for name in sorted(keys))


def change_of(records: Iterable[Mapping[str, Any]]) -> Change:
    """Return what became of a row in these records, which are in their order.

    Raises an error that depends on the row if it cannot be read.
    """
    first, *later = records
    *between, after = (_document(record, "NewImage") for record in (first, *later))
    return Change(_document(first, "OldImage"), after, tuple(between))


def _document(record: Mapping[str, Any], image: str) -> Document | None:
    found: Image | None = record["dynamodb"].get(image)
    if found is None:
        return None
    names = row_key(record)
    if len(names) == 1:
        return person_document(user_of(_read(UserRow, found))) if names[0].startswith(_USER) else None
    _, name = names
    if name == MESSAGE:
        return message_document(message_of(_read(MessageRow, found), None))
    return note_document(_read(NoteRow, found).note) if name.startswith(NOTE) else None


def _read(kind: type[R], image: Image) -> R:
    return kind.from_raw_data({name: dict(value) for name, value in image.items()})
