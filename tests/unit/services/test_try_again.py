"""A failure that a provider reports later means the same as in the answer to a send."""

from typing import Final

import pytest

from chat4all.domain.breaker import Circuit
from chat4all.domain.conversation import ConversationType
from chat4all.domain.events import DeliveryRequested, InboundStatus, StatusUpdate, WebhookEvent
from chat4all.domain.retry import MAX_FAILURES
from chat4all.domain.sending import Outcome, Sent
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Later, Settled
from tests.fakes.connector import ACCOUNT
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, statuses

PASSING: Final = [Outcome.RETRY, Outcome.THROTTLED, Outcome.CHANNEL_PAUSED]
LASTING: Final = [None, Outcome.PERMANENT, Outcome.UNREACHABLE]
A_WHILE_S: Final = 24 * 3600


def send(product: Product) -> None:
    """Send all that is requested; the provider's id is the delivery's."""
    deliver = product.deliver()
    for requested in product.events.requested:
        product.connector.answers = [Sent(str(requested.delivery_id))]
        outcome = deliver(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)


def a_sent_message(text: str = "hello") -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.say(text)
    product.route_submitted()
    send(product)
    return product


def latest(product: Product) -> DeliveryRequested:
    return product.events.requested[-1]


def failed(
    requested: DeliveryRequested, outcome: Outcome | None, code: str = "130429", second: int = 1
) -> StatusUpdate:
    return StatusUpdate(
        "pigeon",
        "main",
        Status.FAILED,
        f"2026-01-31T12:00:{second:02d}.000Z",
        delivery_id=str(requested.delivery_id),
        error_code=code,
        error_reason="a reason",
        outcome=outcome,
    )


def relayed(product: Product) -> None:
    """Let `relay` request what is due after a while, and route it."""
    product.clock.advance(A_WHILE_S)
    product.events.requested.clear()
    product.relay()
    product.route_all()


@pytest.mark.parametrize("outcome", PASSING)
def test_a_failure_that_passes_is_tried_again_later(outcome: Outcome) -> None:
    product = a_sent_message()

    product.record(failed(latest(product), outcome))

    assert (product.message().status, product.message().error_code) == (Status.PENDING, None)
    assert product.relay()["MessagesRepublished"] == 0, "not at once"

    relayed(product)
    send(product)

    assert product.message().status is Status.SENT
    (delivery,) = product.deliveries.of_message(MESSAGE_ID)
    assert statuses(delivery.status_history) == [Status.SENT, Status.FAILED, Status.PENDING, Status.SENT]


@pytest.mark.parametrize("outcome", LASTING)
def test_a_failure_that_lasts_is_final(outcome: Outcome | None) -> None:
    product = a_sent_message()

    product.record(failed(latest(product), outcome, "131026"))

    assert (product.message().status, product.message().error_code) == (Status.FAILED, "131026")
    product.clock.advance(A_WHILE_S)
    assert product.relay()["MessagesRepublished"] == 0
    assert product.circuit().wait_s() == 0.0


@pytest.mark.parametrize("outcome", PASSING)
def test_the_tries_end(outcome: Outcome) -> None:
    product = a_sent_message()

    for number in range(MAX_FAILURES):
        assert product.message().status is Status.SENT
        product.record(failed(latest(product), outcome, second=number + 1))
        relayed(product)
        send(product)

    assert (product.message().status, product.message().error_code) == (Status.FAILED, "130429")
    assert product.events.requested == []


@pytest.mark.parametrize("outcome", PASSING)
def test_the_same_failure_again_is_one_try(outcome: Outcome) -> None:
    product = a_sent_message()
    told = failed(latest(product), outcome)

    for _ in range(3):
        product.record(told)
    relayed(product)
    send(product)
    product.record(told)

    assert product.message().status is Status.SENT
    assert product.message().round == 1


def test_an_account_that_the_provider_refuses_makes_what_follows_wait() -> None:
    """131031: the account is locked."""
    product = a_sent_message()

    product.record(failed(latest(product), Outcome.CHANNEL_PAUSED, "131031"))

    breaker = product.breakers.get("pigeon", "main").breaker
    assert (breaker.circuit, breaker.code, breaker.reason) == (Circuit.OPEN, "131031", "a reason")
    assert [(change.channel, change.account) for change in product.announced] == [("pigeon", "main")]
    product.say("the next", message_id="22222222-2222-4222-8222-222222222222")
    product.route_submitted()
    assert isinstance(product.deliver()(latest(product)), Later)


def test_a_refusal_that_is_told_again_does_not_open_a_circuit_that_closed() -> None:
    product = a_sent_message()
    told = failed(latest(product), Outcome.CHANNEL_PAUSED, "131031")
    product.record(told)
    relayed(product)
    send(product)
    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.CLOSED

    product.record(told)

    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.CLOSED


def test_a_limit_of_one_person_says_nothing_of_the_account() -> None:
    product = a_sent_message()

    product.record(failed(latest(product), Outcome.THROTTLED, "131056"))

    assert product.breakers.get("pigeon", "main").breaker.circuit is Circuit.CLOSED
    assert product.breakers.get("pigeon", "main").breaker.failures == 0


def test_a_receipt_ends_the_tries() -> None:
    product = a_sent_message()
    product.record(failed(latest(product), Outcome.RETRY))
    arrived = StatusUpdate(
        "pigeon", "main", Status.DELIVERED, "2026-01-31T12:00:05.000Z", None, str(latest(product).delivery_id)
    )

    product.record(arrived)
    relayed(product)

    assert product.events.requested == []
    assert product.message().status is Status.DELIVERED


def test_only_the_failed_part_of_a_text_goes_again() -> None:
    product = a_sent_message("x" * 30)
    first, *others = product.events.requested
    assert others

    product.record(failed(first, Outcome.RETRY))
    relayed(product)
    send(product)

    parts = {part.part: statuses(part.status_history) for part in product.deliveries.of_message(MESSAGE_ID)}
    assert parts[0] == [Status.SENT, Status.FAILED, Status.PENDING, Status.SENT]
    assert all(history == [Status.SENT] for part, history in parts.items() if part)
    assert product.message().status is Status.SENT


def test_in_a_group_only_the_recipient_whose_delivery_failed_gets_it_again() -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.say()
    product.route_submitted()
    send(product)
    to_ana = next(request for request in product.events.requested if request.recipient.user_id == "ana")

    product.record(failed(to_ana, Outcome.RETRY))
    relayed(product)

    assert [request.recipient.user_id for request in product.events.requested] == ["ana"]
    send(product)
    assert product.message().status is Status.SENT


def test_a_failure_that_passes_is_queued_by_the_webhook() -> None:
    product = a_sent_message()
    event = InboundStatus(
        "ana@pigeon",
        Status.FAILED,
        "2026-01-31T12:00:01.000Z",
        "theirs",
        delivery_id=str(latest(product).delivery_id),
        error_code="130429",
        error_reason="a reason",
        outcome=Outcome.THROTTLED,
    )

    product.handle_events([WebhookEvent("pigeon", ACCOUNT, "digest", event)])

    (queued,) = product.events.updates
    assert (queued.outcome, product.message().status) == (Outcome.THROTTLED, Status.SENT)
    product.record(queued)
    assert product.message().status is Status.PENDING
