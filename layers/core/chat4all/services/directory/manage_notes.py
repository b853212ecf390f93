"""Write, list, change and delete the notes on a conversation."""

from itertools import chain
from typing import Annotated

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.erasing import require_kept
from chat4all.domain.errors import NoteNotFound
from chat4all.domain.note import Note, time_of_id
from chat4all.domain.pages import Page, decode_cursor, encode_cursor
from chat4all.services.directory.known import known_conversation, require_agent
from chat4all.services.directory.ports import Conversations, Directory, Notes


class NoteCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last note of a page."""

    note_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ManageNotes:
    def __init__(
        self,
        notes: Notes,
        conversations: Conversations,
        directory: Directory,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._notes = notes
        self._conversations = conversations
        self._directory = directory
        self._clock = clock
        self._new_id = new_id

    def write(self, conversation_id: str, author_id: str, text: str) -> Note:
        """Write a note.

        Raises:
            NotFound: no such conversation.
            UnknownUser: the author is no agent.
            UserErased: the conversation was erased with its person.
        """
        require_kept(known_conversation(self._conversations, conversation_id))
        require_agent(self._directory.get(author_id), "author", "author_id")
        at = iso(self._clock())
        note = Note(f"{time_of_id(at)}-{self._new_id()}", conversation_id, author_id, text, at)
        self._notes.add(note)
        return note

    def page(self, conversation_id: str, cursor: str | None, limit: int) -> Page[Note]:
        """Return a page of notes, with those of joined conversations, the newest first.

        Raises:
            NotFound: no such conversation.
            Invalid: the cursor is of no list.
        """
        conversation = known_conversation(self._conversations, conversation_id)
        before = decode_cursor(cursor, NoteCursor).note_id if cursor is not None else None
        by_place = (self._notes.latest(place, before, limit + 1) for place in conversation.ids)
        found = sorted(chain(*by_place), key=lambda note: note.note_id, reverse=True)
        more = len(found) > limit
        return Page(
            tuple(found[:limit]), encode_cursor(NoteCursor(found[limit - 1].note_id)) if more else None
        )

    def change(self, conversation_id: str, note_id: str, text: str) -> Note:
        """Replace the text of a note; the last change counts. Raises NotFound."""
        note = self._found(conversation_id, note_id)
        changed = replace(note, text=text, edited_at=iso(self._clock())) if note is not None else None
        if changed is None or not self._notes.replace(changed):
            raise _unknown()
        return changed

    def delete(self, conversation_id: str, note_id: str) -> Note:
        """Delete a note and return it; raises NotFound."""
        note = self._found(conversation_id, note_id)
        if note is None or not self._notes.delete(note):
            raise _unknown()
        return note

    def _found(self, conversation_id: str, note_id: str) -> Note | None:
        """Return the note of the conversation, or of one that joined it."""
        note = self._notes.get(conversation_id, note_id)
        conversation = self._conversations.get(conversation_id) if note is None else None
        joined = conversation.joined if conversation is not None else ()
        return note or next(filter(None, (self._notes.get(place, note_id) for place in joined)), None)


def _unknown() -> NoteNotFound:
    return NoteNotFound("There is no such note on this conversation.")
