"""The desk of a conversation that another conversation joined."""

import pytest
from msgspec.structs import replace

from chat4all.domain.desk import Desk, DeskStatus
from tests.fakes.people import conversation_of
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message


@pytest.fixture
def product() -> Product:
    """The agent talks with Ana and with Ben, who are one person."""
    product = Product()
    for user in (AGENT, ANA, BEN):
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
