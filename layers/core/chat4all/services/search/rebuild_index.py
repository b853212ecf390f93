"""Build the index again from what is stored, in steps that a killed function continues."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.errors import RebuildRunning
from chat4all.domain.person import UserType
from chat4all.domain.search import Change, Document, message_document, note_document, person_document
from chat4all.services.search.change_index import ChangeIndex
from chat4all.services.search.ports import (
    Conversations,
    Messages,
    Notes,
    Place,
    Rebuild,
    Rebuilds,
    RebuildState,
    Users,
)

_PAGE: Final = 50
_TYPES: Final = tuple(UserType)

Read = Callable[[], Sequence[Document | None]]
"""Reads the documents of a page, each time as they are then, in one order; None: there is none any more."""


class StartRebuild:
    def __init__(self, rebuilds: Rebuilds, clock: Clock, new_id: NewId) -> None:
        self._rebuilds = rebuilds
        self._clock = clock
        self._new_id = new_id

    def __call__(self) -> Rebuild:
        """Begin a rebuild, which the function `search` carries out; raises RebuildRunning."""
        rebuild = Rebuild(self._new_id(), RebuildState.RUNNING, iso(self._clock()))
        if not self._rebuilds.begin(rebuild, Place(_TYPES[0])):
            raise RebuildRunning("A rebuild is running; wait until it is done.")
        return rebuild

    def latest(self) -> Rebuild | None:
        found = self._rebuilds.get()
        return found[0] if found is not None else None


class RebuildIndex:
    """Lists people, then notes and messages of each conversation. It forgets nothing: searches judge entries.

    What changes while a page is listed is read again after that, and the index follows it.
    """

    def __init__(
        self,
        rebuilds: Rebuilds,
        change: ChangeIndex,
        *,
        users: Users,
        conversations: Conversations,
        messages: Messages,
        notes: Notes,
        clock: Clock,
    ) -> None:
        self._rebuilds = rebuilds
        self._change = change
        self._users = users
        self._conversations = conversations
        self._messages = messages
        self._notes = notes
        self._clock = clock

    def __call__(self, has_time: Callable[[], bool]) -> Mapping[str, int]:
        """Continue the running rebuild, if there is one, while there is time; return how many it listed."""
        found = self._rebuilds.get()
        if found is None or found[0].state is not RebuildState.RUNNING:
            return {}
        rebuild, place = found
        begin = rebuild
        while rebuild.state is RebuildState.RUNNING and has_time():
            after, further = self._step(rebuild, place)
            if not self._rebuilds.save(after, further, place):
                break
            rebuild, place = after, further
        return {
            "people": rebuild.people - begin.people,
            "notes": rebuild.notes - begin.notes,
            "messages": rebuild.messages - begin.messages,
        }

    def _step(self, rebuild: Rebuild, place: Place) -> tuple[Rebuild, Place]:
        if place.user_type is not None:
            return self._list_people(rebuild, place, place.user_type)
        if place.conversations:
            return self._list_messages(rebuild, place, place.conversations[0])
        page = self._conversations.latest(place.after, _PAGE)
        if not page:
            return replace(rebuild, state=RebuildState.DONE, ended_at=iso(self._clock())), place
        conversations = tuple(conversation_id for _, conversation_id in page)
        return rebuild, Place(after=page[-1][0], conversations=conversations)

    def _list_people(self, rebuild: Rebuild, place: Place, user_type: UserType) -> tuple[Rebuild, Place]:
        page = self._users.listing(user_type, place.after, _PAGE)
        ids = [user_id for _, user_id in page]

        def read() -> Sequence[Document | None]:
            users = self._users.get_many(ids) if ids else {}
            return [person_document(users[known]) if known in users else None for known in ids]

        counted = self._list(read)
        if len(page) == _PAGE:
            further = Place(user_type, page[-1][0])
        else:
            later = _TYPES[_TYPES.index(user_type) + 1 :]
            further = Place(later[0] if later else None)
        return replace(rebuild, people=rebuild.people + counted), further

    def _list_notes(self, conversation_id: str) -> int:
        counted, before = 0, None
        while page := self._notes.latest(conversation_id, before, _PAGE):
            before = page[-1].note_id
            ids = [note.note_id for note in page]

            def read(ids: Sequence[str] = ids) -> Sequence[Document | None]:
                notes = [self._notes.get(conversation_id, known) for known in ids]
                return [note_document(note) if note is not None else None for note in notes]

            counted += self._list(read)
        return counted

    def _list_messages(self, rebuild: Rebuild, place: Place, conversation_id: str) -> tuple[Rebuild, Place]:
        notes = self._list_notes(conversation_id) if place.before is None else 0
        page = self._messages.history(conversation_id, place.before, _PAGE)
        ids = [message.message_id for message in page]

        def read() -> Sequence[Document | None]:
            known = {message.message_id: message for message in self._messages.get_many(ids)}
            return [message_document(known[name]) if name in known else None for name in ids]

        messages = self._list(read) if ids else 0
        if len(page) < _PAGE:
            further = replace(place, conversations=place.conversations[1:], before=None)
        else:
            further = replace(place, before=page[-1].sequence)
        counted = replace(rebuild, notes=rebuild.notes + notes, messages=rebuild.messages + messages)
        return counted, further

    def _list(self, read: Read) -> int:
        before = read()
        self._change([Change(None, document) for document in before])
        changed = [
            Change(was, now)
            for was, now in zip(before, read(), strict=True)
            if was is not None and was != now
        ]
        if changed:
            self._change(changed)
        return sum(document is not None for document in before)
