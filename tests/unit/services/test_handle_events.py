"""A webhook's statuses are applied where they arrive; its other events are published."""

import pytest

from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, InboundStatus, StatusUpdate, WebhookEvent
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.services.inbound.handle_events import MOST_APPLIED
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.record_status import Recorded
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.people import customer
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, over, statuses

AT = "2026-01-31T12:00:01.000Z"
CARLA = customer("carla", "pigeon", "telex")
TEXT = InboundMessage("ana@pigeon", "hers-1", Text("hello"), AT)


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    product.route_submitted()
    product.connector.answers = [Sent("theirs")]
    outcome = product.deliver()(product.events.requested[0])
    assert isinstance(outcome, Settled)
    product.follow(outcome.delivery, outcome.at)
    return product


def report(status: Status, provider_message_id: str = "theirs") -> InboundStatus:
    return InboundStatus("ana@pigeon", status, AT, provider_message_id)


def update_of(event: InboundStatus) -> StatusUpdate:
    return StatusUpdate("pigeon", "main", event.status, AT, event.provider_message_id)


def received(*events: InboundMessage | InboundStatus, account: str = ACCOUNT) -> list[WebhookEvent]:
    return [WebhookEvent("pigeon", account, "digest", event) for event in events]


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.READ])
def test_a_status_is_applied_to_the_delivery_and_the_message(product: Product, status: Status) -> None:
    product.handle_events(received(report(status)))

    (delivery,) = product.deliveries.of_message(MESSAGE_ID)
    assert (delivery.status, product.message().status) == (status, status)
    assert product.message().status_history[-1].at == AT
    assert (product.events.updates, product.events.webhooks) == ([], [])


def test_a_failure_is_applied_with_its_reason(product: Product) -> None:
    failed = InboundStatus(
        "ana@pigeon", Status.FAILED, AT, "theirs", error_code="131026", error_reason="Blocked."
    )

    product.handle_events(received(failed))

    message = product.message()
    assert (message.status, message.error_code, message.error_reason) == (
        Status.FAILED,
        "131026",
        "Blocked.",
    )


def test_other_events_are_published_in_their_order(product: Product) -> None:
    events = received(TEXT, report(Status.READ), TEXT)

    product.handle_events(events)

    assert product.events.webhooks == [events[0], events[2]]
    assert product.message().status is Status.READ


def test_a_status_of_an_unknown_delivery_is_queued(product: Product) -> None:
    unknown = report(Status.READ, "unknown")

    product.handle_events(received(unknown, report(Status.DELIVERED)))

    assert product.events.updates == [update_of(unknown)]
    assert product.message().status is Status.DELIVERED


def test_a_status_names_the_account_that_received_it(product: Product) -> None:
    product.handle_events(received(report(Status.READ), account=SECOND_ACCOUNT))

    (update,) = product.events.updates
    assert (update.channel, update.account) == ("pigeon", SECOND_ACCOUNT)


@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED])
def test_a_status_of_one_channel_does_not_move_a_delivery_of_another(
    product: Product, status: Status
) -> None:
    (delivery,) = product.deliveries.of_message(MESSAGE_ID)
    forged = InboundStatus("ana@telex", status, AT, "a telex", str(delivery.delivery_id))

    product.handle_events([WebhookEvent("telex", ACCOUNT, "digest", forged)])

    (queued,) = product.events.updates
    assert (queued.channel, queued.provider_message_id, queued.delivery_id) == ("telex", "a telex", None)
    assert product.record(queued) is Recorded.UNKNOWN
    assert product.deliveries.of_message(MESSAGE_ID) == [delivery]
    assert product.message().status is Status.SENT


def refuse(*_: object, **__: object) -> None:
    raise Unavailable("The database did not answer; try again.", retry_after=1)


@pytest.mark.parametrize("store", ["deliveries", "messages"])
def test_a_status_that_the_database_did_not_take_is_queued_and_recorded_later(
    product: Product, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(getattr(product, store), "advance", refuse)
        product.handle_events(received(report(Status.READ)))

    (queued,) = product.events.updates
    assert queued == update_of(report(Status.READ))
    assert product.record(queued) is Recorded.DONE
    assert product.message().status is Status.READ


def test_the_failure_of_a_replaced_delivery_is_queued_for_the_next_channel() -> None:
    product = Product()
    product.settle(AGENT, CARLA)
    product.accept(
        NewMessage(
            message_id=MESSAGE_ID,
            conversation_id="conversation",
            sender_id="agent",
            content=Text("hello"),
            steps=over("pigeon", "telex"),
            delivery_timeout_s=300,
        )
    )
    product.route_submitted()
    product.connector.answers = [Sent("theirs")]
    product.deliver()(product.events.requested[0])

    product.handle_events(received(report(Status.FAILED)))

    assert product.events.updates == [update_of(report(Status.FAILED))]
    assert product.message().status is Status.PENDING
    product.record(product.events.updates[0])
    (event,) = product.events.accepted
    assert event.recipients[0].at(event.position).channel == "telex"


def test_a_webhook_with_many_statuses_is_answered_soon(product: Product) -> None:
    reports = [report(Status.DELIVERED)] * MOST_APPLIED + [report(Status.READ), report(Status.READ)]

    product.handle_events(received(*reports))

    assert product.message().status is Status.DELIVERED
    assert product.events.updates == [update_of(report(Status.READ))] * 2


def test_a_status_that_no_queue_took_comes_again_with_its_webhook(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable) as raised:
        product.handle_events(received(report(Status.READ, "unknown")))

    assert raised.value.retry_after == 1


def test_a_status_that_is_applied_needs_no_queue(product: Product) -> None:
    product.events.broken = True

    product.handle_events(received(report(Status.READ)))

    assert product.message().status is Status.READ


@pytest.mark.parametrize("then", [Status.SENT, Status.READ])
def test_the_receipt_of_a_send_that_is_recorded_writes_nothing(
    product: Product, then: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.handle_events(received(report(then)))
    monkeypatch.setattr(product.deliveries, "advance", refuse)
    monkeypatch.setattr(product.messages, "advance", refuse)
    monkeypatch.setattr(product.messages, "record_part", refuse)

    product.handle_events(received(report(Status.SENT)))

    assert product.events.updates == []
    assert product.message().status is then


def test_a_failed_delivery_is_followed_by_its_message_in_the_same_step(product: Product) -> None:
    product.say(message_id="second")
    product.route_submitted()
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]
    outcome = product.deliver()(product.events.requested[-1])
    assert isinstance(outcome, Settled)

    product.follow(outcome.delivery, outcome.at)

    assert statuses(product.message("second").status_history) == [Status.PENDING, Status.FAILED]
