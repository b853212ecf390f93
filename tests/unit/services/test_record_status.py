"""Recording statuses: deliveries only move forward, and their messages with them."""

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.clock import iso
from chat4all.domain.conversation import ConversationType
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import NotFailed
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status, may_become
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.record_status import PARKED_AGAIN, PARKED_FOR, Recorded
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_delivery, statuses

RECEIPTS = [Status.SENT, Status.DELIVERED, Status.READ]


def receipt(
    status: Status,
    provider_message_id: str | None = "theirs",
    *,
    delivery_id: str | None = None,
    error_code: str | None = None,
) -> StatusUpdate:
    return StatusUpdate(
        "pigeon",
        "main",
        status,
        "2026-01-31T12:00:01.000Z",
        provider_message_id,
        delivery_id,
        error_code,
        "a reason" if error_code else None,
    )


def send(product: Product, *requested: DeliveryRequested) -> None:
    """Deliver, and record the resulting status update."""
    deliver = product.deliver()
    for request in requested:
        outcome = deliver(request)
        assert isinstance(outcome, Settled)
        assert product.record(outcome.update) is Recorded.DONE


def a_sent_message() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    product.route_submitted()
    product.connector.answers = [Sent("theirs")]
    send(product, a_delivery())
    return product


def only_delivery(product: Product) -> DeliveryPart:
    (delivery,) = product.deliveries.of_message(MESSAGE_ID)
    return delivery


@pytest.mark.parametrize("order", list(permutations(RECEIPTS)))
def test_receipts_in_any_order_lead_to_the_furthest(order: tuple[Status, ...]) -> None:
    product = a_sent_message()

    recorded = {product.record(receipt(status)) for status in order}

    assert recorded == {Recorded.DONE}
    assert only_delivery(product).status is Status.READ
    assert product.message().status is Status.READ


@given(st.lists(st.sampled_from([*RECEIPTS, Status.FAILED]), max_size=8))
def test_histories_only_move_forward(arriving: list[Status]) -> None:
    product = a_sent_message()

    for status in arriving:
        product.record(receipt(status, error_code="131026" if status is Status.FAILED else None))

    for history in (
        statuses(product.message().status_history),
        [Status.PENDING, *statuses(only_delivery(product).status_history)],
    ):
        assert history[0] is Status.PENDING
        assert all(may_become(before, after) for before, after in pairwise(history))
    if {Status.DELIVERED, Status.READ} & set(arriving):
        assert product.message().status in {Status.DELIVERED, Status.READ}
    assert product.message().status is only_delivery(product).status


def test_the_same_receipt_twice_is_one_line_of_history() -> None:
    product = a_sent_message()

    for _ in range(2):
        product.record(receipt(Status.DELIVERED))

    assert statuses(product.message().status_history) == [Status.PENDING, Status.SENT, Status.DELIVERED]


def test_a_receipt_that_names_its_delivery_needs_no_provider_id() -> None:
    product = a_sent_message()
    delivery_id = str(a_delivery().delivery_id)

    recorded = product.record(receipt(Status.READ, "never heard of", delivery_id=delivery_id))

    assert recorded is Recorded.DONE
    assert product.message().status is Status.READ
    assert only_delivery(product).provider_message_id == "theirs"


def test_what_is_no_delivery_id_falls_back_to_the_providers() -> None:
    product = a_sent_message()

    assert product.record(receipt(Status.READ, delivery_id="of some other program")) is Recorded.DONE
    assert product.message().status is Status.READ


@pytest.mark.parametrize(
    "update",
    [
        receipt(Status.READ, "unknown"),
        receipt(Status.READ, None),
        receipt(Status.READ, "theirs", delivery_id=f"{MESSAGE_ID}|somebody else|pigeon|0"),
    ],
)
def test_a_receipt_of_something_unknown_changes_nothing(update: StatusUpdate) -> None:
    product = a_sent_message()

    assert product.record(update) is Recorded.UNKNOWN
    assert product.message().status is Status.SENT


def test_a_receipt_before_the_send_is_recorded_waits_for_it() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    product.route_submitted()
    early = receipt(Status.DELIVERED)
    assert product.record(early) is Recorded.UNKNOWN
    product.record.park(early)

    product.connector.answers = [Sent("theirs")]
    send(product, a_delivery())
    product.clock.advance(PARKED_AGAIN.total_seconds())
    relayed = product.relay()

    assert relayed["StatusesRecovered"] == 1
    assert product.message().status is Status.DELIVERED
    assert product.table.parked == {}


def test_a_receipt_that_nothing_follows_is_tried_again_and_expires_in_the_end() -> None:
    product = Product()
    product.record.park(receipt(Status.DELIVERED))
    began = product.clock()

    tries = 0
    while product.table.parked:
        product.clock.advance(PARKED_AGAIN.total_seconds())
        tries += product.relay()["StatusesWaiting"]

    assert product.clock() - began == PARKED_FOR
    assert tries == PARKED_FOR / PARKED_AGAIN


def test_a_parked_receipt_is_not_tried_before_it_is_due() -> None:
    product = Product()
    product.record.park(receipt(Status.DELIVERED))

    assert product.relay()["StatusesWaiting"] == 0


def test_a_failure_tells_its_reason_on_delivery_and_message() -> None:
    product = a_sent_message()

    product.record(receipt(Status.FAILED, error_code="131026"))

    assert (only_delivery(product).status, only_delivery(product).error_code) == (Status.FAILED, "131026")
    assert (product.message().status, product.message().error_code, product.message().error_reason) == (
        Status.FAILED,
        "131026",
        "a reason",
    )


FOUND_BY = ("message_id", "conversation_id", "recipient_id", "channel", "error_code")


def test_a_failure_that_the_provider_reports_later_is_logged_once_with_all_by_which_it_is_looked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.say("private words")
    product.connector.answers = [Sent("theirs")]
    send(product, a_delivery("private words"))
    assert caplog.records == []

    for _ in range(2):
        product.record(receipt(Status.FAILED, error_code="131026"))

    (line,) = caplog.records
    assert (line.levelname, line.message) == ("WARNING", "a delivery failed: a reason")
    assert [vars(line)[field] for field in FOUND_BY] == [
        MESSAGE_ID,
        "conversation",
        "ana",
        "pigeon",
        "131026",
    ]
    assert "private words" not in str(vars(line))
    assert "ana@pigeon" not in str(vars(line))


def test_a_parked_failure_is_logged_when_it_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    early = receipt(Status.FAILED, error_code="30003")
    assert product.record(early) is Recorded.UNKNOWN
    product.record.park(early)
    product.connector.answers = [Sent("theirs")]
    send(product, a_delivery())
    assert caplog.records == []

    product.clock.advance(PARKED_AGAIN.total_seconds())
    product.relay()

    (line,) = caplog.records
    assert (vars(line)["message_id"], vars(line)["error_code"]) == (MESSAGE_ID, "30003")


def test_a_failure_that_the_channels_function_has_recorded_is_not_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    product.route_submitted()
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")]

    send(product, a_delivery())

    assert product.message().status is Status.FAILED
    assert caplog.records == []


def test_a_failure_of_what_was_delivered_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    product = a_sent_message()
    product.record(receipt(Status.DELIVERED))

    product.record(receipt(Status.FAILED, error_code="131026"))

    assert caplog.records == []


@pytest.mark.parametrize("proof", [Status.DELIVERED, Status.READ])
def test_proof_of_receipt_beats_a_failure_that_was_reported_before(proof: Status) -> None:
    product = a_sent_message()
    product.record(receipt(Status.FAILED, error_code="131026"))
    assert len(product.redrive.listing(None, None, 10).items) == 1

    product.record(receipt(proof))

    message = product.message()
    assert (message.status, message.error_code, message.error_reason) == (proof, None, None)
    assert (only_delivery(product).status, only_delivery(product).error_code) == (proof, None)
    assert statuses(message.status_history)[-2:] == [Status.FAILED, proof]
    assert product.redrive.listing(None, None, 10).items == ()
    with pytest.raises(NotFailed):
        product.redrive.message(MESSAGE_ID)


def test_a_late_sent_is_no_proof() -> None:
    product = a_sent_message()
    product.record(receipt(Status.FAILED, error_code="131026"))

    product.record(receipt(Status.SENT))

    assert product.message().status is Status.FAILED
    assert only_delivery(product).status is Status.FAILED


def test_a_failure_after_the_proof_changes_nothing() -> None:
    product = a_sent_message()
    for status in (Status.FAILED, Status.READ, Status.FAILED):
        product.record(receipt(status, error_code="131026" if status is Status.FAILED else None))

    assert product.message().status is Status.READ
    assert product.redrive.listing(None, None, 10).items == ()


def test_a_text_whose_failed_part_is_proven_waits_for_its_other_parts() -> None:
    product = a_group()
    product.connector.answers = [Sent("part 0"), Sent("part 1")]
    send(product, group_delivery("ana", 0, 2, people=1), group_delivery("ana", 1, 2, people=1))
    product.record(receipt(Status.FAILED, "part 0", error_code="131026"))
    assert product.message().status is Status.FAILED

    product.record(receipt(Status.READ, "part 0"))
    assert (product.message().status, product.message().error_code) == (Status.SENT, None)

    product.record(receipt(Status.DELIVERED, "part 1"))
    assert product.message().status is Status.DELIVERED


def test_a_proven_part_lets_the_parts_after_it_be_sent() -> None:
    product = a_group()
    product.connector.answers = [Sent("part 0"), Sent("part 1")]
    send(product, group_delivery("ana", 0, 2, people=1))
    product.record(receipt(Status.FAILED, "part 0", error_code="131026"))

    product.record(receipt(Status.DELIVERED, "part 0"))
    assert product.message().status is Status.PENDING

    send(product, group_delivery("ana", 1, 2, people=1))
    assert product.message().status is Status.SENT


def test_what_was_delivered_can_no_longer_fail() -> None:
    product = a_sent_message()
    product.record(receipt(Status.DELIVERED))

    product.record(receipt(Status.FAILED, error_code="131026"))

    assert product.message().status is Status.DELIVERED
    assert product.message().error_code is None


def group_delivery(user_id: str, part: int = 0, part_count: int = 1, people: int = 2) -> DeliveryRequested:
    number = {"ana": 1, "ben": 2}[user_id]
    return a_delivery(
        user_id=user_id, number=number, part=part, part_count=part_count, recipient_count=people
    )


def a_group() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.say()
    product.route_submitted()
    return product


def test_a_group_message_is_as_far_as_its_slowest_recipient() -> None:
    product = a_group()
    product.connector.answers = [Sent("to ana"), Sent("to ben")]

    send(product, group_delivery("ana"))
    seen = [product.message().status]
    product.record(receipt(Status.READ, "to ana"))
    seen.append(product.message().status)
    send(product, group_delivery("ben"))
    seen.append(product.message().status)
    product.record(receipt(Status.DELIVERED, "to ben"))
    seen.append(product.message().status)

    assert seen == [Status.PENDING, Status.PENDING, Status.SENT, Status.DELIVERED]


def test_a_group_message_fails_only_for_all() -> None:
    product = a_group()
    blocked = SendError(Outcome.UNREACHABLE, "403", "The person has blocked us.")
    product.connector.answers = [blocked, Sent("to ben")]

    send(product, group_delivery("ana"), group_delivery("ben"))
    assert product.message().status is Status.SENT

    product.record(receipt(Status.FAILED, "to ben", error_code="131026"))
    assert product.message().status is Status.FAILED


def test_a_text_in_parts_is_sent_when_all_are() -> None:
    product = a_group()
    product.connector.answers = [Sent("part 0"), Sent("part 1")]

    send(product, group_delivery("ana", 0, 2, people=1))
    product.record(receipt(Status.READ, "part 0"))
    assert product.message().status is Status.PENDING

    send(product, group_delivery("ana", 1, 2, people=1))
    assert product.message().status is Status.SENT


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_text_of_which_a_part_failed_has_its_reason_whatever_is_told_first(order: tuple[int, ...]) -> None:
    product = a_group()
    product.connector.answers = [Sent("part 0"), SendError(Outcome.PERMANENT, "131026", "Not possible.")]
    deliver = product.deliver()
    settled = [deliver(group_delivery("ana", part, 3, people=1)) for part in range(3)]

    for told in order:
        outcome = settled[told]
        assert isinstance(outcome, Settled)
        product.record(outcome.update)

    message = product.message()
    assert (message.status, message.error_code, message.error_reason) == (
        Status.FAILED,
        "131026",
        "Not possible.",
    )


def test_the_time_of_a_receipt_is_the_providers() -> None:
    product = a_sent_message()
    product.clock.advance(3600)

    product.record(receipt(Status.DELIVERED))

    change = product.message().status_history[-1]
    assert change.at == "2026-01-31T12:00:01.000Z" < iso(product.clock())
