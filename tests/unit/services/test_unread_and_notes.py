"""What an agent has not read, and notes that are no messages."""

import pytest
from msgspec.structs import replace

from chat4all.domain.errors import Invalid, NotFound
from chat4all.domain.kinds import Reaction
from chat4all.domain.note import Note
from chat4all.services.messaging.count_unread import MOST_COUNTED, Unread
from tests.fakes.people import agent
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message

OTHER = agent("other")
NOTHING = Unread(0, more=False)


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    for user in (OTHER, BEN):
        product.directory.create(user)
    return product


def say(product: Product, sender_id: str, times: int = 1) -> str:
    """Let the user write; return the id of the last message."""
    said = [product.accept(a_message(message_id=product.ids(), sender_id=sender_id)) for _ in range(times)]
    product.route_all()
    return said[-1].message.message_id


def unread(product: Product, user_id: str = "agent") -> Unread:
    return product.count_unread("conversation", user_id)


def test_each_agent_reads_alone(product: Product) -> None:
    say(product, "ana", 3)
    assert unread(product) == unread(product, "other") == Unread(3, more=False)

    assert product.count_unread.mark("conversation", "agent", None) == NOTHING

    assert (unread(product), unread(product, "other")) == (NOTHING, Unread(3, more=False))
    say(product, "ana")
    assert unread(product) == Unread(1, more=False)


def test_who_answers_has_read_and_what_agents_write_is_not_counted(product: Product) -> None:
    say(product, "ana", 3)
    say(product, "agent")
    say(product, "ana")

    assert unread(product) == Unread(1, more=False)
    assert unread(product, "other") == Unread(4, more=False)


def test_a_reaction_is_nothing_to_read(product: Product) -> None:
    said = say(product, "agent")
    say(product, "ana")
    new = a_message(message_id=product.ids(), sender_id="ana", reply_to=said)
    product.accept(replace(new, content=Reaction("👍")))
    product.route_all()

    assert unread(product) == Unread(1, more=False)


def test_a_mark_never_goes_back(product: Product) -> None:
    first, _, third = (say(product, "ana") for _ in range(3))
    product.count_unread.mark("conversation", "agent", third)

    assert product.count_unread.mark("conversation", "agent", first) == NOTHING


def test_many_are_not_counted_to_the_end(product: Product) -> None:
    say(product, "ana", MOST_COUNTED)
    assert unread(product) == Unread(MOST_COUNTED, more=False)
    say(product, "ana")

    assert unread(product) == Unread(MOST_COUNTED, more=True)


def test_nothing_is_unread_in_a_conversation_without_messages(product: Product) -> None:
    assert product.count_unread.mark("conversation", "agent", None) == NOTHING


@pytest.mark.parametrize("user_id", ["ana", "nobody"])
def test_only_agents_read(product: Product, user_id: str) -> None:
    with pytest.raises(Invalid):
        unread(product, user_id)
    with pytest.raises(Invalid):
        product.count_unread.mark("conversation", user_id, None)


def test_a_message_or_conversation_that_is_not_there_is_not_found(product: Product) -> None:
    with pytest.raises(NotFound):
        product.count_unread.mark("conversation", "agent", "unknown")
    with pytest.raises(NotFound):
        product.count_unread("unknown", "agent")


def test_a_note_is_no_message(product: Product) -> None:
    before = product.conversation()

    note = product.manage_notes.write("conversation", "other", "VIP")

    assert product.manage_notes.page("conversation", None, 10).items == (note,)
    assert product.conversation() == before
    assert product.read.history("conversation", None, None, 10).items == ()
    assert product.events.submitted == []


def test_notes_come_in_pages(product: Product) -> None:
    notes = product.manage_notes
    written = [notes.write("conversation", "agent", f"{number}") for number in range(5)]

    seen: list[Note] = []
    cursor = None
    for _ in range(3):
        page = notes.page("conversation", cursor, 2)
        seen += page.items
        cursor = page.next_cursor

    assert cursor is None
    assert sorted(seen, key=str) == sorted(written, key=str)


def test_a_changed_note_says_when_and_a_deleted_one_is_gone(product: Product) -> None:
    notes = product.manage_notes
    note = notes.write("conversation", "agent", "VIP")
    product.clock.advance(5)

    changed = notes.change("conversation", note.note_id, "no VIP")
    assert (changed.text, changed.created_at, changed.author_id) == ("no VIP", note.created_at, "agent")
    assert (changed.edited_at or "") > note.created_at
    assert notes.delete("conversation", note.note_id) == changed

    with pytest.raises(NotFound):
        notes.delete("conversation", note.note_id)
    with pytest.raises(NotFound):
        notes.change("conversation", note.note_id, "again")


@pytest.mark.parametrize("author", ["ana", "nobody"])
def test_only_an_agent_writes_a_note(product: Product, author: str) -> None:
    with pytest.raises(Invalid) as refused:
        product.manage_notes.write("conversation", author, "VIP")

    assert [detail.field for detail in refused.value.details] == ["author_id"]
