"""Notes, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.domain.note import Note
from chat4all.services.directory.ports import Notes
from tests.fakes.people import NOW


@pytest.fixture
def conversation_id(new_id: Callable[[], str]) -> str:
    return new_id()


def a_note(conversation_id: str, number: int) -> Note:
    return Note(f"2026-{number:02d}", conversation_id, "agent", f"Nota {number} 😀", NOW)


def test_notes_are_listed_newest_first_in_pages(notes: Notes, conversation_id: str) -> None:
    written = [a_note(conversation_id, number) for number in range(5)]
    for note in written:
        notes.add(note)
    notes.add(a_note(f"{conversation_id}-other", 9))

    assert notes.latest(conversation_id, None, 2) == written[:2:-1]
    assert notes.latest(conversation_id, "2026-03", 2) == [written[2], written[1]]
    assert notes.latest(conversation_id, "2026-00", 2) == []
    assert notes.latest(conversation_id, "2026-02x", 100) == [written[2], written[1], written[0]]


def test_a_note_is_changed_and_deleted(notes: Notes, conversation_id: str) -> None:
    note = a_note(conversation_id, 1)
    notes.add(note)
    changed = replace(note, text="another", edited_at=NOW)

    assert notes.get(conversation_id, note.note_id) == note
    assert notes.replace(changed)
    assert notes.get(conversation_id, note.note_id) == changed
    assert notes.delete(changed)

    assert notes.get(conversation_id, note.note_id) is None
    assert not notes.delete(changed)
    assert not notes.replace(changed)
    assert notes.latest(conversation_id, None, 10) == []
