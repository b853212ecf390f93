"""The search over the fakes: what changes is found as it is, whatever dies on the way."""

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import Deleted, Notice, Text
from chat4all.domain.errors import ConversationNotFound, Invalid, RebuildRunning, UnknownUser
from chat4all.domain.message import Message
from chat4all.domain.note import Note
from chat4all.domain.search import (
    Change,
    Document,
    SearchKind,
    message_document,
    note_document,
    person_document,
)
from chat4all.domain.status import Status
from chat4all.services.search import search as search_module
from chat4all.services.search.change_index import ChangeIndex
from chat4all.services.search.ports import RebuildState
from chat4all.services.search.rebuild_index import RebuildIndex, StartRebuild
from chat4all.services.search.search import Search, SearchQuery
from tests.fakes.notes import MemoryNotes
from tests.fakes.people import NOW
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message
from tests.fakes.search import MemoryRebuilds, MemorySearchIndex


class Died(BaseException):
    """The process was killed."""


class MortalIndex(MemorySearchIndex):
    """An index whose process dies at a call, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_left: int | None = None

    def add(self, documents: Sequence[Document]) -> None:
        for document in documents:  # a part of a document may be written
            for word in sorted(document.words):
                self._live()
                self.entries.add((document.kind, word, document.entry))

    def forget(self, document: Document, words: Collection[str]) -> None:
        for word in sorted(words):
            self._live()
            super().forget(document, [word])

    def _live(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Died


class SearchedMessages:
    """Messages as the search reads them, over the messages of the product."""

    def __init__(self, product: Product) -> None:
        self._messages = product.messages

    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        return self._messages.get_many(message_ids)

    def history(self, conversation_id: str, before: str | None, limit: int) -> list[Message]:
        return self._messages.history(conversation_id, "", before, limit)


class Searching:
    def __init__(self) -> None:
        self.product = Product()
        self.product.settle(AGENT, ANA)
        self.product.directory.create(BEN)
        self.index = MortalIndex()
        self.rebuilds = MemoryRebuilds()
        self.change = ChangeIndex(self.index)
        messages = SearchedMessages(self.product)
        directory, conversations = self.product.directory, self.product.conversations
        self.notes = notes = MemoryNotes()
        self.before: str | None = None
        self.search = Search(
            self.index, messages, notes, directory, conversations, over_before=lambda: self.before
        )
        self.start = StartRebuild(self.rebuilds, self.product.clock, self.product.ids)
        self.rebuild = RebuildIndex(
            self.rebuilds,
            self.change,
            users=directory,
            conversations=conversations,
            messages=messages,
            notes=notes,
            clock=self.product.clock,
        )

    def say(self, text: str, sender_id: str = "agent") -> Message:
        message_id = self.product.ids()
        self.product.accept(a_message(message_id=message_id, sender_id=sender_id, content=text))
        self.product.route_all()
        return self.stored(message_id)

    def stored(self, message_id: str) -> Message:
        found = self.product.messages.get(message_id)
        assert found is not None
        return found

    def found(self, words: str, limit: int = 50, **filters: object) -> list[str]:
        """Return the ids of all pages."""
        query = SearchQuery(**{"text": words, "kind": SearchKind.MESSAGE, **filters})  # type: ignore[arg-type]
        ids: list[str] = []
        cursor: str | None = None
        for _ in range(200):
            page = self.search(query, cursor, limit)
            ids += [hit.document.item_id for hit in page.hits]
            cursor = page.next_cursor
            if cursor is None:
                return ids
        raise AssertionError("the pages never end")


@pytest.fixture
def searching() -> Searching:
    return Searching()


def new(message: Message) -> Change:
    return Change(None, message_document(message))


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_pages_follow_each_other(searching: Searching, limit: int) -> None:
    said = [searching.say(f"order {number}") for number in range(7)]
    searching.change([new(message) for message in said])

    assert searching.found("order", limit) == [
        message.message_id
        for message in sorted(
            said, key=lambda message: (message.accepted_at, message.message_id), reverse=True
        )
    ]


def test_what_is_over_is_not_shown_before_it_is_removed(searching: Searching) -> None:
    old, waiting, young = (searching.say("order") for _ in range(3))
    searching.change([new(young)])
    long_ago = "2020-01-01T00:00:00.000Z"
    for message, status in ((old, Status.DELIVERED), (waiting, Status.PENDING)):
        rewritten = replace(message, accepted_at=long_ago, status=status)
        searching.product.table.messages[message.message_id] = rewritten
        searching.change([new(rewritten)])
    assert len(searching.found("order")) == 3

    searching.before = "2021-01-01T00:00:00.000Z"

    assert searching.found("order") == [young.message_id, waiting.message_id]


def test_a_request_reads_few_messages_and_its_cursor_goes_on(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "MOST_LOOKED_AT", 3)
    said = [searching.say("order") for _ in range(8)]
    searching.change([new(message) for message in said])
    for message in said[2:]:  # the index does not know it yet
        searching.product.messages.rewrite(message, replace(message, content=Deleted(), deleted_at=NOW))

    assert sorted(searching.found("order", 5)) == sorted(message.message_id for message in said[:2])


def test_what_changed_is_found_as_it_is_although_the_index_is_late(searching: Searching) -> None:
    message = searching.say("before")
    searching.change([new(message)])
    searching.product.messages.rewrite(message, replace(message, content=Text("after")))

    assert searching.found("before") == []
    searching.change(
        [Change(message_document(message), message_document(searching.stored(message.message_id)))]
    )
    assert searching.found("after") == [message.message_id]


@pytest.mark.parametrize("dies_at", range(12))
def test_a_batch_that_dies_anywhere_is_done_when_it_comes_again(searching: Searching, dies_at: int) -> None:
    first, second = searching.say("red green 12345678"), searching.say("red blue")
    searching.change([new(first), new(second)])
    changed = replace(first, content=Text("green 5678 yellow"))
    searching.product.messages.rewrite(first, changed)
    gone = replace(second, content=Deleted(), deleted_at=NOW)
    searching.product.messages.rewrite(second, gone)
    changes = [
        Change(message_document(first), message_document(changed)),
        Change(message_document(second), message_document(gone)),
    ]

    searching.index.calls_left = dies_at
    try:
        searching.change(changes)
    except Died:
        searching.index.calls_left = None
        searching.change(changes)

    assert {word for _, word, _ in searching.index.entries} == {"green", "5678", "yellow"}
    assert searching.found("green yellow 5678") == [first.message_id]


def a_document(item_id: int, text: str | None) -> Document | None:
    if text is None:
        return None
    return Document(
        SearchKind.MESSAGE, str(item_id), "2026-01-31T12:00:00.000Z", text, "conversation", "user"
    )


WRITES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(
            st.none(), st.lists(st.sampled_from(["red", "4321", "87654321", "東京都", "ação"])).map(" ".join)
        ),
    ),
    max_size=12,
)


@given(WRITES, st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), max_size=12))
def test_a_stream_that_dies_and_comes_again_leaves_the_words_of_the_last_writes(
    writes: list[tuple[int, str | None]], batches: list[tuple[int, int]]
) -> None:
    """Each batch of so many records is killed at a call; then it, or a part of it, comes again."""
    index, rows = MortalIndex(), dict[int, Document | None]()
    change, records = ChangeIndex(index), list[tuple[int, Change]]()
    for item_id, text in writes:
        after = a_document(item_id, text)
        records.append((item_id, Change(rows.get(item_id), after)))
        rows[item_id] = after

    for count, dies_at in (*batches, (len(records), 1_000)):
        index.calls_left = dies_at
        try:
            change(collapsed(records[:count]))
        except Died:
            continue  # the same records come again, cut in another way
        records = records[count:]

    expected = {
        (SearchKind.MESSAGE, word, document.entry)
        for document in rows.values()
        if document is not None
        for word in document.words
    }
    assert index.entries == expected


def collapsed(records: Sequence[tuple[int, Change]]) -> list[Change]:
    """Return one change of each row, as the handler makes it of the records of a batch."""
    found: dict[int, Change] = {}
    for item_id, change in records:
        known = found.get(item_id)
        found[item_id] = (
            Change(known.before, change.after, (*known.between, known.after)) if known else change
        )
    return [*found.values()]


def test_filters_judge_conversation_sender_channel_and_time(searching: Searching) -> None:
    ours, theirs = searching.say("order"), searching.say("order", "ana")
    searching.change([new(ours), new(theirs)])

    assert searching.found("order", user_id="ana") == [theirs.message_id]
    assert len(searching.found("order", conversation_id="conversation")) == 2
    assert searching.found("order", channel="elsewhere") == []
    assert searching.found("order", until=ours.accepted_at) == []
    assert len(searching.found("order", since=ours.accepted_at)) == 2
    with pytest.raises(ConversationNotFound):
        searching.found("order", conversation_id="nowhere")
    with pytest.raises(UnknownUser):
        searching.found("order", user_id="nobody")
    with pytest.raises(Invalid):
        searching.found("order", kind=SearchKind.PERSON, user_id="ana")


def test_nobody_reads_words_in_what_is_no_message(searching: Searching) -> None:
    message = searching.say("words")

    assert message_document(replace(message, content=Notice("title", "words"))) is None
    assert message_document(replace(message, deleted_at=NOW)) is None
    assert message_document(replace(message, send_at=NOW, sequence="")) is None


def test_people_are_found_until_they_are_merged(searching: Searching) -> None:
    ana = person_document(searching.product.directory.get("ana") or ANA)
    searching.change([Change(None, ana)])

    assert searching.found(ANA.display_name, kind=SearchKind.PERSON) == ["ana"]


@pytest.mark.parametrize("dies_at", [*range(8), None])
def test_a_rebuild_lists_everything_however_often_it_dies(searching: Searching, dies_at: int | None) -> None:
    said = [searching.say(f"order {number}") for number in range(60)]
    note = Note("2026-1", "conversation", "agent", "order of notes", iso(searching.product.clock()))
    searching.notes.add(note)
    searching.start()
    with pytest.raises(RebuildRunning):
        searching.start()

    searching.index.calls_left = None if dies_at is None else dies_at * 9
    try:
        searching.rebuild(lambda: True)
    except Died:
        searching.index.calls_left = None
        searching.rebuild(lambda: True)

    latest = searching.start.latest()
    assert latest is not None
    assert latest.state is RebuildState.DONE
    assert len(searching.found("order")) == len(said)
    assert searching.found("notes", kind=SearchKind.NOTE) == [note_document(note).item_id]
    assert searching.rebuild(lambda: True) == {}


def test_a_rebuild_without_time_goes_on_later(searching: Searching) -> None:
    searching.say("order")
    searching.start()
    times = iter([True, False])

    searching.rebuild(lambda: next(times))
    latest = searching.start.latest()
    assert latest is not None
    assert latest.state is RebuildState.RUNNING
    searching.rebuild(lambda: True)

    assert len(searching.found("order")) == 1


def test_what_changes_while_a_rebuild_lists_it_is_followed(searching: Searching) -> None:
    message = searching.say("before")
    searching.start()
    add = searching.index.add

    def add_late(documents: Sequence[Document]) -> None:
        """Let the message change after it was read, and before it is listed."""
        searching.index.add = add  # type: ignore[method-assign]
        searching.product.messages.rewrite(message, replace(message, content=Deleted(), deleted_at=NOW))
        add(documents)

    searching.rebuild(
        lambda: searching.rebuilds.latest is not None and searching.rebuilds.latest[1].conversations == ()
    )
    searching.index.add = add_late  # type: ignore[method-assign]
    searching.rebuild(lambda: True)

    assert not any(word == "before" for _, word, _ in searching.index.entries)
