"""The index of words, by the adapter and by its fake: nothing twice, nothing missed, in order of time."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chat4all.adapters.dynamodb import search_index
from chat4all.adapters.dynamodb.search_index import DynamoRebuilds, DynamoSearchIndex, PostingRow, WordRow
from chat4all.domain.clock import iso
from chat4all.domain.search import Document, SearchKind, terms_of
from chat4all.services.search.ports import Place, Rebuild, Rebuilds, RebuildState, SearchIndex
from tests.fakes.search import MemoryRebuilds, MemorySearchIndex
from tests.integration.aws import Aws

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
EVERY = settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def index(backend: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> SearchIndex:
    monkeypatch.setattr(search_index, "_ROWS", 3)  # a small page: its edges are met often
    return MemorySearchIndex() if backend == "memory" else DynamoSearchIndex(aws.output("Data.SearchTable"))


@pytest.fixture
def rebuilds(backend: str, aws: Aws) -> Rebuilds:
    return MemoryRebuilds() if backend == "memory" else DynamoRebuilds(aws.output("Data.SearchTable"))


def a_document(text: str, seconds: float = 0, item_id: str = "") -> Document:
    at = iso(START + timedelta(seconds=seconds))
    return Document(SearchKind.MESSAGE, item_id or str(uuid.uuid4()), at, text, "conversation", "user")


def a_word() -> str:
    """Make a word of letters that no other test lists."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex)


def pages(index: SearchIndex, words: str, size: int, since: str | None = None) -> Iterator[list[str]]:
    """Yield the entries of each page, every page by a request of its own."""
    before: str | None = None
    for _ in range(200):
        found = index.find(SearchKind.MESSAGE, terms_of(words), since, before)
        page = [entry.text for entry, _ in zip(found, range(size), strict=False)]
        if not page and found.stopped_at is None:
            return
        yield page
        before = page[-1] if len(page) == size else found.stopped_at
        if before is None:
            return
    raise AssertionError("the pages never end")


def found_by(index: SearchIndex, words: str) -> list[str]:
    return [entry for page in pages(index, words, 100) for entry in page]


TIMES = st.lists(
    st.tuples(st.sampled_from([0, 1, 59, 60, 61, 3_600, 86_400]), st.sampled_from(["a", "b", "ab"])),
    max_size=6,
)


@EVERY
@given(
    times=TIMES,
    batches=st.lists(st.integers(1, 5), min_size=1),
    size=st.integers(2, 7),
    again=st.booleans(),
    reads=st.integers(2, 8),
)
def test_pages_have_everything_once_in_the_order_of_time(
    index: SearchIndex,
    times: list[tuple[int, str]],
    batches: list[int],
    size: int,
    reads: int,
    *,
    again: bool,
) -> None:
    words = {"a": a_word(), "b": a_word()}
    documents = [
        a_document(" ".join(words[letter] for letter in letters), seconds) for seconds, letters in times
    ]
    left = [*documents]
    for count in (*batches, len(left)):
        if left[:count]:
            index.add(left[:count])
        if again and left[: count - 1]:
            index.add(left[: count - 1])  # a part of the batch comes again
        left = left[count:]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_index, "MOST_READS", reads)
        for query in ("a", "a b"):
            wanted = sorted(
                (
                    document.entry
                    for document, (_, letters) in zip(documents, times, strict=True)
                    if set(query.split()) <= set(letters)
                ),
                reverse=True,
            )
            asked = " ".join(words[letter] for letter in query.split())
            found = [entry for page in pages(index, asked, size) for entry in page]
            assert found == wanted


@EVERY
@given(st.lists(st.tuples(st.sampled_from([0, 30, 90]), st.booleans()), min_size=1, max_size=10))
def test_what_is_forgotten_leaves_nothing(index: SearchIndex, documents: list[tuple[int, bool]]) -> None:
    word = a_word()
    made = [a_document(f"{word} {number}000000", seconds) for number, (seconds, _) in enumerate(documents)]
    index.add(made)
    index.add(made[::2])
    for document, (_, is_gone) in zip(made, documents, strict=True):
        for _ in range(2 * is_gone):  # once more changes nothing
            index.forget(document, document.words)

    kept = [document.entry for document, (_, is_gone) in zip(made, documents, strict=True) if not is_gone]
    assert found_by(index, word) == sorted(kept, reverse=True)
    assert found_by(index, word[:8]) == sorted(kept, reverse=True)
    if isinstance(index, DynamoSearchIndex):
        rows = [*PostingRow.query(f"default#WORD#message#{word}")]
        assert all(row.entries for row in rows)
        assert bool(rows) == bool(kept)
        assert bool([*WordRow.query(f"default#WORDS#message#{word[:3]}", WordRow.record == word)]) == bool(
            kept
        )


def test_the_last_word_is_the_beginning_of_words(index: SearchIndex) -> None:
    word = a_word()
    first, second = a_document(f"{word}one", 1), a_document(f"{word}two", 2)
    index.add([first, second, a_document(f"x{word}", 3)])

    assert found_by(index, word) == [second.entry, first.entry]
    assert found_by(index, f"{word}o") == [first.entry]


def test_a_last_word_that_begins_very_many_words_is_limited(
    backend: str, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "memory":
        pytest.skip("the fake looks at every word")
    monkeypatch.setattr(search_index, "MOST_BEGINNINGS", 3)
    word = a_word()
    documents = [a_document(f"{word}{letter}", number) for number, letter in enumerate("abcdef")]
    index.add([*documents, whole := a_document(word, 9)])

    found = index.find(SearchKind.MESSAGE, terms_of(word), None, None)

    assert [entry.text for entry in found] == [whole.entry, *(documents[number].entry for number in (1, 0))]
    assert found.is_limited


def test_of_two_beginnings_either_makes_the_result_limited(
    backend: str, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "memory":
        pytest.skip("the fake looks at every word")
    monkeypatch.setattr(search_index, "MOST_BEGINNINGS", 1)
    word = a_word()
    index.add([a_document(f"{word}{letter}", number) for number, letter in enumerate("abc")])
    (many,), (one,) = terms_of(word), terms_of(f"{word}a")

    for terms in ((many, one), (one, many)):
        assert index.find(SearchKind.MESSAGE, terms, None, None).is_limited


def test_times_limit_what_is_read(index: SearchIndex) -> None:
    word = a_word()
    documents = [a_document(word, 60.0 * minute) for minute in range(6)]
    index.add(documents)

    found = index.find(SearchKind.MESSAGE, terms_of(word), documents[2].at[:16], documents[4].at)
    assert [entry.text for entry in found] == [documents[3].entry, documents[2].entry]
    found = index.find(SearchKind.MESSAGE, terms_of(word), "2027", documents[4].at)
    assert [*found] == []


def test_kinds_are_apart(index: SearchIndex) -> None:
    word = a_word()
    index.add([Document(SearchKind.NOTE, "conversation/note", iso(START), word)])

    assert found_by(index, word) == []


def test_the_entries_of_a_large_batch_are_divided(
    backend: str, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "MOST_ENTRIES", 4)
    word = a_word()
    documents = [a_document(word, number / 100) for number in range(30)]

    index.add(documents)

    assert len(found_by(index, word)) == 30
    if backend != "memory":
        rows = [*PostingRow.query(f"default#WORD#message#{word}")]
        assert max(len(row.entries or ()) for row in rows) == 4


def test_one_rebuild_runs_at_a_time_and_a_rival_that_is_behind_saves_nothing(rebuilds: Rebuilds) -> None:
    def a_rebuild(state: RebuildState) -> Rebuild:
        return Rebuild("rebuild", state, iso(START))

    first, second, third = (Place(before=number) for number in "123")
    running, done = a_rebuild(RebuildState.RUNNING), a_rebuild(RebuildState.DONE)
    if rebuilds.get() is not None:
        pytest.skip("another test has left one")

    assert rebuilds.begin(running, first)
    assert not rebuilds.begin(running, first)
    assert rebuilds.save(running, second, first)
    assert not rebuilds.save(running, third, first)
    assert rebuilds.get() == (running, second)
    assert rebuilds.save(done, second, second)
    assert not rebuilds.save(running, third, second)
    assert rebuilds.begin(running, first)
    assert rebuilds.save(done, first, first)
