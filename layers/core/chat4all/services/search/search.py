"""Search messages, people and notes, the latest first."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Annotated, Final

import msgspec

from chat4all.domain.errors import Detail, Invalid, UnknownUser
from chat4all.domain.pages import decode_cursor, encode_cursor
from chat4all.domain.retention import is_over
from chat4all.domain.search import (
    Document,
    Entry,
    Excerpt,
    SearchKind,
    Term,
    as_address,
    excerpt,
    hint,
    matches,
    message_document,
    note_document,
    person_document,
    terms_of,
)
from chat4all.domain.words import readable
from chat4all.services.directory.known import known_conversation
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.search.ports import Messages, Notes, SearchIndex

MOST_LOOKED_AT: Final = 500
"""Documents that a request reads. A page is short if fewer of them are results."""
_STEP: Final = 100


class SearchQuery(msgspec.Struct, frozen=True):
    """`since` is the earliest time, `until` the first time that is too late; both ISO 8601 UTC."""

    text: str
    kind: SearchKind
    conversation_id: str | None = None
    user_id: str | None = None
    channel: str | None = None
    since: str | None = None
    until: str | None = None


class Hit(msgspec.Struct, frozen=True):
    """A document that answers, and the words around the match."""

    document: Document
    excerpt: Excerpt


class Found(msgspec.Struct, frozen=True):
    hits: tuple[Hit, ...]
    next_cursor: str | None
    limited: bool
    """The last word of the query begins more words than were searched."""


class SearchCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The entry under which the next page begins."""

    before: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class Search:
    def __init__(
        self,
        index: SearchIndex,
        messages: Messages,
        notes: Notes,
        directory: Directory,
        conversations: Conversations,
        *,
        over_before: Callable[[], str | None],
    ) -> None:
        """Set the ports; `over_before` returns the time before which messages are over, if there is one."""
        self._over_before = over_before
        self._index = index
        self._messages = messages
        self._notes = notes
        self._directory = directory
        self._conversations = conversations

    def __call__(self, query: SearchQuery, cursor: str | None, limit: int) -> Found:
        """Return a page of results.

        Raises:
            Invalid: the text has no word to look for, or a filter does not fit the kind.
            ConversationNotFound: no such conversation.
            UnknownUser: no such user.
        """
        terms = terms_of(as_address(query.text) if query.kind is SearchKind.PERSON else query.text)
        judge = _Judge(terms, query, self._conversations_of(query), self._users_of(query))
        before = decode_cursor(cursor, SearchCursor).before if cursor is not None else query.until
        found = self._index.find(query.kind, terms, query.since, before)
        entries = iter(found)
        hits: list[tuple[Entry, Hit]] = []
        last: str | None = None
        looked_at = 0
        while len(hits) <= limit and looked_at < MOST_LOOKED_AT:
            step = [*islice(filter(judge.may_answer, entries), min(_STEP, limit + 1 - len(hits)))]
            if not step:
                break
            known = self._known(query.kind, [entry.item_id for entry in step])
            answers = ((entry, judge.hit(entry, known)) for entry in step)
            hits += [(entry, hit) for entry, hit in answers if hit is not None]
            last, looked_at = step[-1].text, looked_at + len(step)
        shown = tuple(hit for _, hit in hits[:limit])
        goes_on: str | None = found.stopped_at
        if len(hits) > limit:
            goes_on = hits[limit - 1][0].text
        elif looked_at >= MOST_LOOKED_AT:
            goes_on = last
        return Found(
            shown, encode_cursor(SearchCursor(goes_on)) if goes_on is not None else None, found.is_limited
        )

    def _conversations_of(self, query: SearchQuery) -> frozenset[str] | None:
        """Return the conversation and those that joined it."""
        if query.conversation_id is None:
            return None
        _refuse_for_people(query, "conversation_id")
        return frozenset(known_conversation(self._conversations, query.conversation_id).ids)

    def _users_of(self, query: SearchQuery) -> frozenset[str] | None:
        """Return the user and those who were merged into them."""
        if query.user_id is None:
            return None
        _refuse_for_people(query, "user_id")
        user = self._directory.get(query.user_id)
        if user is None:
            raise UnknownUser("There is no such user.", Detail("user_id", "is not a known user"))
        return frozenset(user.ids)

    def _known(self, kind: SearchKind, item_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return the documents by their ids, as they are now."""
        found = self._read(kind, item_ids)
        return {document.item_id: document for document in found if document is not None}

    def _read(self, kind: SearchKind, item_ids: Sequence[str]) -> list[Document | None]:
        match kind:
            case SearchKind.MESSAGE:
                before = self._over_before()
                messages = self._messages.get_many(item_ids)
                return [message_document(message) for message in messages if not is_over(message, before)]
            case SearchKind.PERSON:
                return [person_document(user) for user in self._directory.get_many(item_ids).values()]
            case SearchKind.NOTE:
                places = (item_id.split("/", 1) for item_id in item_ids)
                notes = (self._notes.get(conversation, note) for conversation, note in places)
                return [note_document(note) for note in notes if note is not None]


class _Judge:
    """Decides what answers a query."""

    def __init__(
        self,
        terms: Sequence[Term],
        query: SearchQuery,
        conversations: frozenset[str] | None,
        users: frozenset[str] | None,
    ) -> None:
        self._terms = terms
        self._query = query
        self._conversations = conversations
        self._users = users
        self._conversation_hints = {hint(known) for known in conversations or ()}
        self._user_hints = {hint(known) for known in users or ()}

    def may_answer(self, entry: Entry) -> bool:
        """Return whether the entry does not speak against the document."""
        return (
            (self._query.since is None or entry.at >= self._query.since)
            and (not self._conversation_hints or entry.conversation_hint in self._conversation_hints)
            and (not self._user_hints or entry.user_hint in self._user_hints)
        )

    def hit(self, entry: Entry, known: Mapping[str, Document]) -> Hit | None:
        document = known.get(entry.item_id)
        if document is None or document.entry != entry.text:
            return None
        query = self._query
        if self._conversations is not None and document.conversation_id not in self._conversations:
            return None
        if self._users is not None and document.user_id not in self._users:
            return None
        if query.channel is not None and query.channel not in document.channels:
            return None
        text = readable(document.text)
        spans = matches(text, self._terms)
        return Hit(document, excerpt(text, spans)) if spans else None


def _refuse_for_people(query: SearchQuery, field: str) -> None:
    if query.kind is SearchKind.PERSON:
        raise Invalid(f"People have no {field}.", Detail(field, "is not for type=person"))
