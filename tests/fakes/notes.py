"""Notes in memory."""

from chat4all.domain.note import Note


class MemoryNotes:
    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], Note] = {}

    def add(self, note: Note) -> None:
        self._notes[note.conversation_id, note.note_id] = note

    def get(self, conversation_id: str, note_id: str) -> Note | None:
        return self._notes.get((conversation_id, note_id))

    def latest(self, conversation_id: str, before: str | None, limit: int) -> list[Note]:
        found = [
            note
            for (of, note_id), note in self._notes.items()
            if of == conversation_id and (before is None or note_id < before)
        ]
        return sorted(found, key=lambda note: note.note_id, reverse=True)[:limit]

    def replace(self, note: Note) -> bool:
        is_known = (note.conversation_id, note.note_id) in self._notes
        if is_known:
            self.add(note)
        return is_known

    def delete(self, note: Note) -> bool:
        return self._notes.pop((note.conversation_id, note.note_id), None) is not None
