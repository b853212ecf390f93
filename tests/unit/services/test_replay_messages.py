"""Routing again the messages that a stream still holds."""

import pytest
from msgspec.structs import replace

from chat4all.domain.events import MessageAccepted
from chat4all.services.messaging.deliver import Settled
from chat4all.services.recovery.replay_messages import Replayed, ReplayMessages
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product

SECOND = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def said(product: Product, message_id: str = MESSAGE_ID) -> MessageAccepted:
    product.say(message_id=message_id)
    return product.events.accepted[-1]


def replayed(product: Product, *events: MessageAccepted) -> list[Replayed]:
    return ReplayMessages(product.messages, product.route)(events)


def test_what_was_routed_and_is_not_sent_is_routed_again(product: Product) -> None:
    event = said(product)
    product.route(event)
    requested = list(product.events.requested)

    assert replayed(product, event) == [Replayed.ROUTED]
    assert product.events.requested == requested * 2


def test_what_is_sent_is_passed_over(product: Product) -> None:
    event = said(product)
    product.route(event)
    outcome = product.deliver()(product.events.requested[0])
    assert isinstance(outcome, Settled)
    product.record(outcome.update)

    assert replayed(product, event) == [Replayed.DONE]
    assert len(product.events.requested) == 1


def test_what_was_never_routed_is_on_its_way(product: Product) -> None:
    event = said(product)

    assert replayed(product, event) == [Replayed.ON_ITS_WAY]
    assert product.events.requested == []


def test_what_is_not_stored_is_not_sent(product: Product) -> None:
    event = replace(said(product), message_id="33333333-3333-4333-8333-333333333333")

    assert replayed(product, event) == [Replayed.UNKNOWN]


def test_after_a_failure_its_conversation_stands_still_and_the_others_go_on(product: Product) -> None:
    first, second = said(product), said(product, SECOND)
    for event in (first, second):
        product.route(event)
    product.events.broken = True

    outcomes = replayed(
        product,
        first,
        replace(first, message_id="unknown"),
        replace(second, conversation_id="other", message_id="unknown"),
    )

    assert outcomes == [Replayed.FAILED, Replayed.FAILED, Replayed.UNKNOWN]
