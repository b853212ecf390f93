"""The ports of the search: the index, and where a rebuild finds what is searched."""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from chat4all.domain.message import Message
from chat4all.domain.note import Note
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import User, UserType
from chat4all.domain.search import Document, Entry, SearchKind, Term


class Candidates(Protocol):
    """Entries of documents that may answer a query, the latest first, each once."""

    stopped_at: str | None
    """Set once the reads of a request are used up: no entry under this text was looked at."""
    is_limited: bool
    """The last word begins more words than were looked at."""

    def __iter__(self) -> Iterator[Entry]: ...


class SearchIndex(Protocol):
    """The index of words. It may be late, or have entries of documents that have changed."""

    def add(self, documents: Sequence[Document]) -> None:
        """List the documents under their words; a document that is listed already is found once."""
        ...

    def forget(self, document: Document, words: Collection[str]) -> None:
        """Remove the document from under these words."""
        ...

    def find(
        self, kind: SearchKind, terms: Sequence[Term], since: str | None, before: str | None
    ) -> Candidates:
        """Return the documents that have a word for each term.

        `since` is the earliest time; entries that sort at `before` or after it are left out.
        """
        ...


class Messages(Protocol):
    """Messages without their states."""

    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return the known messages. The answer contains every write that has returned."""
        ...

    def history(self, conversation_id: str, before: str | None, limit: int) -> list[Message]:
        """Return messages of the conversation before this number, the latest first."""
        ...


class Notes(Protocol):
    def get(self, conversation_id: str, note_id: str) -> Note | None: ...

    def latest(self, conversation_id: str, before: str | None, limit: int) -> list[Note]: ...


class Users(Protocol):
    def get_many(self, user_ids: Sequence[str]) -> dict[str, User]: ...

    def listing(
        self, user_type: UserType, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]: ...


class Conversations(Protocol):
    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]: ...


class RebuildState(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"


class Rebuild(msgspec.Struct, frozen=True):
    """A rebuild of the index: how far it is, and how many documents it has listed. Times are ISO 8601 UTC."""

    rebuild_id: str
    state: RebuildState
    started_at: str
    ended_at: str | None = None
    people: int = 0
    notes: int = 0
    messages: int = 0


class Place(msgspec.Struct, frozen=True):
    """Where a rebuild goes on: with the users of `user_type` after `after`, or else with conversations.

    `conversations` are still to do, up to the one at `after`; the history of the first goes on with the
    messages before the number `before`.
    """

    user_type: UserType | None = None
    after: TimeCursor | None = None
    conversations: tuple[str, ...] = ()
    before: str | None = None


class Rebuilds(Protocol):
    """The latest rebuild of the index."""

    def get(self) -> tuple[Rebuild, Place] | None: ...

    def begin(self, rebuild: Rebuild, place: Place) -> bool:
        """Record a new rebuild; return False if one is running."""
        ...

    def save(self, rebuild: Rebuild, place: Place, before: Place) -> bool:
        """Record how far the rebuild is; return False if it is not at `before` any more."""
        ...
