"""The index of words in memory."""

from collections.abc import Collection, Iterator, Sequence

from chat4all.domain.search import Document, Entry, SearchKind, Term, entry_of
from chat4all.services.search.ports import Place, Rebuild, RebuildState


class MemorySearchIndex:
    def __init__(self) -> None:
        self.entries: set[tuple[SearchKind, str, str]] = set()

    def add(self, documents: Sequence[Document]) -> None:
        for document in documents:
            self.entries |= {(document.kind, word, document.entry) for word in document.words}

    def forget(self, document: Document, words: Collection[str]) -> None:
        self.entries -= {(document.kind, word, document.entry) for word in words}

    def find(
        self, kind: SearchKind, terms: Sequence[Term], since: str | None, before: str | None
    ) -> "MemoryCandidates":
        found = [
            {
                entry
                for of, known, entry in self.entries
                if of is kind and (known.startswith(word) if term.is_beginning else known == word)
            }
            for term in terms
            for word in term.words
        ]
        entries = sorted(set.intersection(*found), reverse=True)
        return MemoryCandidates(
            [text for text in entries if (before is None or text < before) and text >= (since or "")]
        )


class MemoryCandidates:
    def __init__(self, texts: Sequence[str]) -> None:
        self.stopped_at: str | None = None
        self.is_limited = False
        self._texts = texts

    def __iter__(self) -> Iterator[Entry]:
        return map(entry_of, self._texts)


class MemoryRebuilds:
    def __init__(self) -> None:
        self.latest: tuple[Rebuild, Place] | None = None

    def get(self) -> tuple[Rebuild, Place] | None:
        return self.latest

    def begin(self, rebuild: Rebuild, place: Place) -> bool:
        if self.latest is not None and self.latest[0].state is RebuildState.RUNNING:
            return False
        self.latest = rebuild, place
        return True

    def save(self, rebuild: Rebuild, place: Place, before: Place) -> bool:
        if self.latest is None or self.latest[0].state is RebuildState.DONE or self.latest[1] != before:
            return False
        self.latest = rebuild, place
        return True
