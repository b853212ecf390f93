"""The index of words in a table of its own.

::

    default#WORD#message#order    2026-11-30T08:31#3f2a…    entries: {"2026-11-30T08:31:02.123Z#<id>#<hints>"}
    default#WORDS#message#ord     order

A posting has the documents of one word, one minute and one batch, so that a busy workspace writes one row for
a word of many messages. Its name is a digest of its entries: a batch that comes again replaces the same row.

The partition of a word takes 1,000 write units, about 1 MB of entries, a second: 14,000 messages a second
with the word, if their batches are large.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind, deleted, saved
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.search import Document, Entry, SearchKind, Term, entry_of
from chat4all.domain.words import beginning_of
from chat4all.services.search.ports import Candidates, Place, Rebuild, RebuildState

MOST_ENTRIES: Final = 250
"""Entries of a row, about 18 KB."""
MOST_READS: Final = 200
"""Pages of postings that a request reads."""
MOST_BEGINNINGS: Final = 50
"""Words that the last word of a query may begin, in their order."""
_ROWS: Final = 30
"""Rows of a page."""
_MINUTE: Final = len("2026-11-30T08:31")
_PAST: Final = "~"
"""Sorts after every digest and every second."""
_FIRST: Final = "0"
"""Sorts before every minute."""
_WORD: Final = "WORD"
_WORDS: Final = "WORDS"
_REBUILD: Final = "REBUILD"


class PostingRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    entries = UnicodeSetAttribute(null=True)


class WordRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)


class RebuildRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=_REBUILD)
    rebuild = StructAttribute(Rebuild)
    place = StructAttribute(Place)
    state = UnicodeAttribute()


class DynamoSearchIndex:
    def __init__(self, table_name: str) -> None:
        bind(table_name, PostingRow, WordRow)

    @answering
    def add(self, documents: Sequence[Document]) -> None:
        entries: dict[tuple[str, str], set[str]] = defaultdict(set)
        names = set()
        for document in documents:
            for word in document.words:
                if beginning_of(word) is not None:
                    names.add(_name_of(document.kind, word))
                entries[_word_key(document.kind, word), document.entry[:_MINUTE]].add(document.entry)
        with PostingRow.batch_write() as batch:
            for (partition, minute), texts in entries.items():
                for part in _parts(sorted(texts)):
                    batch.save(PostingRow(partition, f"{minute}#{_digest(part)}", entries=part))
        _keep_words(names)

    @answering
    def forget(self, document: Document, words: Collection[str]) -> None:
        entry = document.entry
        for word in words:
            partition = _word_key(document.kind, word)
            rows = PostingRow.query(
                partition, PostingRow.record.startswith(entry[:_MINUTE]), consistent_read=True
            )
            for row in [row for row in rows if entry in (row.entries or ())]:
                row.update([PostingRow.entries.delete({entry})])
                deleted(PostingRow(partition, row.record), PostingRow.entries.does_not_exist())
            if beginning_of(word) is not None and not _has_postings(partition):
                _forget_word(document.kind, word)

    def find(
        self, kind: SearchKind, terms: Sequence[Term], since: str | None, before: str | None
    ) -> Candidates:
        return _Candidates(kind, terms, since, before)


class _Reads:
    """The reads that a request has left."""

    def __init__(self) -> None:
        self.left = MOST_READS


class _Candidates:
    """The entries that stand under every word of a query, minute by minute."""

    def __init__(
        self, kind: SearchKind, terms: Sequence[Term], since: str | None, before: str | None
    ) -> None:
        self.stopped_at: str | None = None
        self.is_limited = False
        self._before = before
        self._reads = _Reads()
        self._postings: list[_Postings | _AnyOf] = []
        earliest = since[:_MINUTE] if since is not None else _FIRST
        for term in terms:
            for word in term.words:
                names = self._beginning_with(kind, word) if term.is_beginning else [word]
                each = [_Postings(_word_key(kind, name), earliest, self._reads) for name in names]
                self._postings.append(each[0] if len(each) == 1 else _AnyOf(each))

    def __iter__(self) -> Iterator[Entry]:
        begin = under = _bound_of(self._before)
        while True:
            if self._reads.left <= 0 and under != begin:  # each request looks at a minute, so that pages end
                self.stopped_at = under
                return
            tops = [postings.under(under) for postings in self._postings]
            minutes = [top[0] for top in tops if top is not None]
            if len(minutes) < len(tops):
                return
            minute = min(minutes)
            if minute == max(minutes):
                found = frozenset.intersection(*(top[1] for top in tops if top is not None))
                yield from (
                    entry_of(text)
                    for text in sorted(found, reverse=True)
                    if self._before is None or text < self._before
                )
                under = minute
            else:
                under = f"{minute}{_PAST}"

    @answering
    def _beginning_with(self, kind: SearchKind, word: str) -> list[str]:
        rows = WordRow.query(
            _words_key(kind, word), WordRow.record.startswith(word), limit=MOST_BEGINNINGS + 1
        )
        names = [row.record for row in rows]
        self.is_limited |= len(names) > MOST_BEGINNINGS
        return [*dict.fromkeys((word, *names[:MOST_BEGINNINGS]))]


def _bound_of(before: str | None) -> str:
    """Return the bound of the rows that may have entries under `before`: an entry, a time, or a bound."""
    if before is None:
        return _PAST
    return before if len(before) <= _MINUTE + len(_PAST) else f"{before[:_MINUTE]}{_PAST}"


Minute = tuple[str, frozenset[str]]
"""A minute, and the entries of a word in it."""


class _Postings:
    """The postings of a word, the latest minute first."""

    def __init__(self, partition: str, earliest: str, reads: _Reads) -> None:
        self._partition = partition
        self._earliest = earliest
        self._reads = reads
        self._rows: deque[PostingRow] = deque()
        self._is_over = False

    def under(self, bound: str) -> Minute | None:
        """Return the latest minute whose rows sort under `bound`. Each bound is under the bound before."""
        while True:
            while self._rows and self._rows[0].record >= bound:
                self._rows.popleft()
            if not self._rows:
                if self._is_over:
                    return None
                self._read(bound)
                continue
            minute = self._rows[0].record[:_MINUTE]
            if self._is_over or self._rows[-1].record[:_MINUTE] < minute:
                rows = (row for row in self._rows if row.record[:_MINUTE] == minute)
                return minute, frozenset(entry for row in rows for entry in row.entries or ())
            self._read(self._rows[-1].record)

    @answering
    def _read(self, bound: str) -> None:
        """Read further rows under `bound`."""
        if bound < self._earliest:
            self._is_over = True
            return
        self._reads.left -= 1
        rows = [
            *PostingRow.query(
                self._partition,
                PostingRow.record.between(self._earliest, bound),
                scan_index_forward=False,
                limit=_ROWS,
                page_size=_ROWS,
            )
        ]
        self._is_over = len(rows) < _ROWS
        self._rows.extend(row for row in rows if row.record < bound)


class _AnyOf:
    """The postings of several words together."""

    def __init__(self, each: Sequence[_Postings]) -> None:
        self._each = each

    def under(self, bound: str) -> Minute | None:
        found = [top for postings in self._each if (top := postings.under(bound)) is not None]
        if not found:
            return None
        minute = max(top[0] for top in found)
        return minute, frozenset().union(*(top[1] for top in found if top[0] == minute))


class DynamoRebuilds:
    def __init__(self, table_name: str) -> None:
        bind(table_name, RebuildRow)

    @answering
    def get(self) -> tuple[Rebuild, Place] | None:
        try:
            row = RebuildRow.get(key(_REBUILD), _REBUILD, consistent_read=True)
        except RebuildRow.DoesNotExist:
            return None
        return row.rebuild, row.place

    @answering
    def begin(self, rebuild: Rebuild, place: Place) -> bool:
        is_free = RebuildRow.partition.does_not_exist() | (RebuildRow.state == RebuildState.DONE.value)
        return saved(_rebuild_row(rebuild, place), is_free)

    @answering
    def save(self, rebuild: Rebuild, place: Place, before: Place) -> bool:
        is_there = (RebuildRow.place == before) & (RebuildRow.state == RebuildState.RUNNING.value)
        return saved(_rebuild_row(rebuild, place), is_there)


def _rebuild_row(rebuild: Rebuild, place: Place) -> RebuildRow:
    return RebuildRow(key(_REBUILD), _REBUILD, rebuild=rebuild, place=place, state=rebuild.state.value)


def _keep_words(names: Collection[tuple[str, str]]) -> None:
    """Add the words of which nobody knows yet. To read a word costs a fifth of a write."""
    if not names:
        return
    known = {(row.partition, row.record) for row in WordRow.batch_get([*names], consistent_read=True)}
    with WordRow.batch_write() as batch:
        for name in {*names} - known:
            batch.save(WordRow(*name))


def _forget_word(kind: SearchKind, word: str) -> None:
    """Remove a word without postings; it comes back if another request has listed a document meanwhile."""
    row = WordRow(*_name_of(kind, word))
    row.delete()
    if _has_postings(_word_key(kind, word)):
        row.save()


def _has_postings(partition: str) -> bool:
    return any(True for _ in PostingRow.query(partition, consistent_read=True, limit=1))


def _word_key(kind: SearchKind, word: str) -> str:
    return key(_WORD, kind.value, word)


def _words_key(kind: SearchKind, word: str) -> str:
    return key(_WORDS, kind.value, beginning_of(word) or "")


def _name_of(kind: SearchKind, word: str) -> tuple[str, str]:
    return _words_key(kind, word), word


def _parts(texts: Sequence[str]) -> Iterator[set[str]]:
    for first in range(0, len(texts), MOST_ENTRIES):
        yield {*texts[first : first + MOST_ENTRIES]}


def _digest(texts: Collection[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:12]
