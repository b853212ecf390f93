"""Routing again the messages that a stream still holds."""

import pytest
from msgspec.structs import replace

from chat4all.domain.events import ChatEvent, MessageSubmitted, ParticipantJoining
from chat4all.services.messaging.deliver import Settled
from chat4all.services.recovery.replay_messages import Replayed, ReplayMessages
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product

SECOND = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def submitted(product: Product, message_id: str = MESSAGE_ID) -> MessageSubmitted:
    product.say(message_id=message_id)
    return product.events.submitted[-1]


def of_unknown_message(event: MessageSubmitted, conversation_id: str = "conversation") -> MessageSubmitted:
    unknown = replace(event.message, message_id="unknown", conversation_id=conversation_id)
    return replace(event, message=unknown)


def replayed(product: Product, *events: ChatEvent) -> list[Replayed]:
    return ReplayMessages(product.messages, product.route)(events)


def test_what_was_routed_and_is_not_sent_is_routed_again(product: Product) -> None:
    event = submitted(product)
    product.route_submitted()
    requested = list(product.events.requested)

    assert replayed(product, event) == [Replayed.ROUTED]
    assert product.events.requested == requested * 2


def test_what_is_sent_is_passed_over(product: Product) -> None:
    event = submitted(product)
    product.route_submitted()
    outcome = product.deliver()(product.events.requested[0])
    assert isinstance(outcome, Settled)
    product.record(outcome.update)

    assert replayed(product, event) == [Replayed.DONE]
    assert len(product.events.requested) == 1


def test_what_was_never_routed_is_on_its_way(product: Product) -> None:
    event = submitted(product)

    assert replayed(product, event) == [Replayed.ON_ITS_WAY]
    assert product.events.requested == []


def test_what_is_not_stored_is_not_sent(product: Product) -> None:
    event = of_unknown_message(submitted(product))

    assert replayed(product, event) == [Replayed.UNKNOWN]


def test_the_later_request_of_a_message_is_routed_again_like_its_first(product: Product) -> None:
    submitted(product)
    product.route_submitted()

    assert replayed(product, product.accept.event_again(product.message())) == [Replayed.ROUTED]
    assert len(product.events.requested) == 2


def test_a_join_has_its_place_already(product: Product) -> None:
    joining = ParticipantJoining("conversation", "carla", "2026-01-31T12:00:00.000Z")

    assert replayed(product, joining) == [Replayed.DONE]


def test_after_a_failure_its_conversation_stands_still_and_the_others_go_on(product: Product) -> None:
    first, second = submitted(product), submitted(product, SECOND)
    product.route_submitted()
    product.events.broken = True

    outcomes = replayed(
        product,
        first,
        of_unknown_message(first),
        of_unknown_message(second, "other"),
    )

    assert outcomes == [Replayed.FAILED, Replayed.FAILED, Replayed.UNKNOWN]
