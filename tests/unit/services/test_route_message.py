"""Routing a message to its recipients' channels."""

import pytest

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import Recipient
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, an_event

TO = (Recipient("ana", "pigeon", "main", "ana@pigeon"), Recipient("ben", "telex", "main", "ben@telex"))


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    return product


def test_every_recipient_gets_their_parts_and_the_message_is_routed(product: Product) -> None:
    product.route(an_event(*TO, text="x" * 25))

    assert [(request.recipient.user_id, request.part) for request in product.events.requested] == [
        ("ana", 0),
        ("ana", 1),
        ("ben", 0),
    ]
    assert not product.messages.is_unrouted(MESSAGE_ID)


def test_what_a_queue_did_not_take_stays_due(product: Product) -> None:
    product.events.broken = True

    with pytest.raises(Unavailable):
        product.route(an_event(*TO))

    assert product.messages.is_unrouted(MESSAGE_ID)
