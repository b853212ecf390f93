"""The desk of a conversation that another conversation joined."""

import pytest
from msgspec.structs import replace

from chat4all.domain.desk import Control, Desk, DeskStatus, Priority
from chat4all.domain.errors import NotFound
from chat4all.services.messaging.count_unread import MOST_COUNTED, Unread
from tests.fakes.people import agent, conversation_of
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message


@pytest.fixture
def product() -> Product:
    """The agent talks with Ana and with Ben, who are one person."""
    product = Product()
    for user in (AGENT, agent("other"), ANA, BEN):
        product.directory.create(user)
    for user in (ANA, BEN):
        talk = conversation_of(AGENT, user, conversation_id=f"of-{user.user_id}")
        product.conversations.create(talk, [user.user_id])
    return product


def accept(product: Product, name: str) -> str:
    """Accept a message of the customer; return its id."""
    new = a_message(message_id=product.ids(), sender_id=name, conversation_id=f"of-{name}")
    return product.accept(new).message.message_id


def merge(product: Product) -> None:
    product.merges.merge("ana", "ben", "key")


def save(product: Product, name: str, desk: Desk) -> None:
    assert product.desks.save(product.conversation(f"of-{name}"), desk)


def desk_of(product: Product, name: str) -> Desk:
    return product.conversation(f"of-{name}").desk


def test_a_message_that_was_accepted_before_the_merge_opens_the_conversation_that_goes_on(
    product: Product,
) -> None:
    save(product, "ana", replace(desk_of(product, "ana"), status=DeskStatus.RESOLVED))
    message_id = accept(product, "ben")
    merge(product)

    product.route_all()

    desk = desk_of(product, "ana")
    assert (desk.status, desk.waiting_since) == (DeskStatus.OPEN, product.message(message_id).accepted_at)
    assert desk_of(product, "ben") == Desk()


def unread(product: Product) -> int:
    return product.count_unread("of-ana", "agent").unread


def test_the_messages_of_both_are_unread_until_one_of_either_is_marked(product: Product) -> None:
    first = accept(product, "ben")
    product.clock.advance(1)
    accept(product, "ana")
    product.clock.advance(1)
    last = accept(product, "ben")
    product.route_all()
    merge(product)
    assert unread(product) == 3
    assert product.count_unread("of-ana", "other") == Unread(3, more=False)

    assert product.count_unread.mark("of-ana", "agent", first).unread == 2
    assert product.count_unread.mark("of-ana", "agent", last).unread == 0
    assert product.count_unread.mark("of-ana", "other", None).unread == 0


def test_the_mark_of_a_message_of_the_conversation_covers_what_came_before_in_the_joined_one(
    product: Product,
) -> None:
    accept(product, "ben")
    product.clock.advance(1)
    marked = accept(product, "ana")
    product.clock.advance(1)
    accept(product, "ben")
    product.route_all()
    merge(product)

    assert product.count_unread.mark("of-ana", "agent", marked).unread == 1


def test_who_answers_after_the_merge_has_read_both(product: Product) -> None:
    accept(product, "ben")
    product.route_all()
    merge(product)
    product.clock.advance(1)

    product.accept(a_message(message_id=product.ids(), conversation_id="of-ana"))
    product.route_all()

    assert unread(product) == 0
    assert product.count_unread("of-ana", "other").unread == 1


def test_many_unread_messages_of_both_are_not_counted_to_the_end(product: Product) -> None:
    for _ in range(MOST_COUNTED // 2 + 1):
        accept(product, "ben")
        accept(product, "ana")
    product.route_all()
    merge(product)

    assert product.count_unread("of-ana", "agent") == Unread(MOST_COUNTED, more=True)


def test_a_message_of_another_conversation_cannot_be_marked(product: Product) -> None:
    message_id = accept(product, "ben")
    product.route_all()

    with pytest.raises(NotFound):
        product.count_unread.mark("of-ana", "agent", message_id)


def test_what_the_desk_knew_of_either_is_known_after_the_merge(product: Product) -> None:
    save(product, "ben", Desk(assignee="agent", labels=("refund",), priority=Priority.URGENT))
    save(product, "ana", Desk(controlled_by=Control.BOT, labels=("vip",)))

    merge(product)

    desk = desk_of(product, "ana")
    assert (desk.assignee, desk.labels, desk.priority) == ("agent", ("vip", "refund"), Priority.URGENT)
    assert desk.controlled_by is Control.HUMAN


def test_the_notes_on_both_are_listed_in_pages_changed_and_deleted(product: Product) -> None:
    notes = product.manage_notes
    written = []
    for name in ("ben", "ana", "ben"):
        written.append(notes.write(f"of-{name}", "agent", f"of {name}"))
        product.clock.advance(1)
    merge(product)

    first = notes.page("of-ana", None, 2)
    second = notes.page("of-ana", first.next_cursor, 2)
    assert [*first.items, *second.items] == written[::-1]
    assert second.next_cursor is None

    assert notes.change("of-ana", written[0].note_id, "a scammer").text == "a scammer"
    assert notes.delete("of-ana", written[0].note_id).text == "a scammer"
    assert notes.page("of-ana", None, 10).items == (written[2], written[1])
    with pytest.raises(NotFound):
        notes.delete("of-ben", written[1].note_id)
