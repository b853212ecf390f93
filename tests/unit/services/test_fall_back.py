"""A message names channels to try in turn: never two at a time, and always one until the last has failed."""

import pytest
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Deleted
from chat4all.domain.events import StatusUpdate
from chat4all.domain.files.file import Attachment
from chat4all.domain.purpose import Purpose
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.fall_back import GRACE, NOT_CONFIRMED
from chat4all.services.messaging.record_status import Recorded
from tests.fakes.files import a_file
from tests.fakes.people import customer
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, a_content, over

BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
CARLA = customer("carla", "telex", "pigeon")
TIMEOUT_S = 300
PIGEON_FIRST = ("pigeon", "telex")


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, CARLA)
    return product


def say(
    product: Product,
    *channels: str,
    content: str = "hello",
    file: Attachment | None = None,
    message_id: str = MESSAGE_ID,
) -> None:
    product.accept(
        NewMessage(
            message_id=message_id,
            conversation_id="conversation",
            sender_id="agent",
            content=a_content(content, file),
            steps=over(*channels),
            delivery_timeout_s=TIMEOUT_S,
        )
    )


def work(product: Product) -> None:
    """Route, deliver and record until no event is left."""
    product.route_all()
    while product.events.requested:
        requested = list(product.events.requested)
        product.events.requested.clear()
        for request in requested:
            outcome = product.deliver()(request)
            if isinstance(outcome, Settled):
                assert product.record(outcome.update) is Recorded.DONE
        product.route_all()


def asked(product: Product) -> list[str]:
    return [submission.address for submission in product.connector.asked]


def receipt(status: Status, channel: str = "pigeon", theirs: str = "theirs") -> StatusUpdate:
    return StatusUpdate(channel, "main", status, "2026-01-31T12:00:01.000Z", theirs)


def test_many_that_are_in_place_keep_nobody_waiting(product: Product) -> None:
    for number in range(2 * BATCH + 1):
        product.connector.answers = [Sent(f"theirs {number}")]
        say(product, *PIGEON_FIRST, message_id=product.ids())
        work(product)
        product.record(receipt(Status.DELIVERED, theirs=f"theirs {number}"))

    product.clock.advance(TIMEOUT_S)

    assert product.relay()["FallbacksInPlace"] == 2 * BATCH + 1
    assert product.fallbacks.due("9999", 1) == []


def test_the_first_channel_is_enough_when_it_is_confirmed(product: Product) -> None:
    product.connector.answers = [Sent("theirs")]
    say(product, *PIGEON_FIRST)
    work(product)
    product.record(receipt(Status.DELIVERED))

    product.clock.advance(TIMEOUT_S)
    assert product.relay()["FallbacksTaken"] == 0
    product.clock.advance(86_400)
    assert product.relay()["FallbacksTaken"] == 0

    assert asked(product) == ["carla@pigeon"]
    assert product.message().status is Status.DELIVERED


def test_a_failure_that_passes_leads_to_the_next_channel_and_not_to_the_same_again(product: Product) -> None:
    product.connector.answers = [Sent("theirs"), Sent("by telex")]
    say(product, *PIGEON_FIRST)
    work(product)

    product.record(replace(receipt(Status.FAILED), error_code="130429", outcome=Outcome.THROTTLED))
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]
    assert product.message().status is Status.SENT


@pytest.mark.parametrize("proof", [Status.DELIVERED, Status.READ])
def test_proof_from_the_first_channel_counts_and_the_next_channel_goes_on(
    product: Product, proof: Status
) -> None:
    product.connector.answers = [Sent("theirs"), Sent("by telex")]
    say(product, *PIGEON_FIRST)
    work(product)
    product.record(replace(receipt(Status.FAILED), error_code="131026"))
    work(product)

    product.record(receipt(proof))
    product.record(receipt(Status.FAILED, "telex", "by telex"))
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]
    assert (product.message().status, product.message().error_code) == (proof, None)
    assert [letter.channel for letter in product.redrive.listing(None, None, 10).items] == ["telex"]


def test_proof_before_the_next_channel_is_tried_keeps_the_recipient_in_place(product: Product) -> None:
    product.connector.answers = [Sent("theirs")]
    say(product, *PIGEON_FIRST)
    work(product)
    failed = replace(receipt(Status.FAILED), error_code="131026")
    product.apply(failed)

    product.record(receipt(Status.DELIVERED))
    product.record(failed)
    work(product)

    assert asked(product) == ["carla@pigeon"]
    assert product.message().status is Status.DELIVERED


def test_when_the_first_fails_the_next_is_tried_at_once(product: Product) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]
    assert product.message().status is Status.SENT
    assert product.message().error_code is None
    assert product.redrive.listing(None, None, 10).items == ()


def test_when_all_fail_the_message_is_failed(product: Product) -> None:
    product.connector.answers = [BLOCKED, BLOCKED]
    say(product, *PIGEON_FIRST)
    work(product)

    assert product.message().status is Status.FAILED
    assert [letter.channel for letter in product.redrive.listing(None, None, 10).items] == ["telex"]
    product.redrive.message(MESSAGE_ID)
    work(product)
    assert asked(product) == ["carla@pigeon", "carla@telex", "carla@telex"]
    assert product.message().status is Status.SENT


@pytest.mark.parametrize("late_failure", [True, False])
def test_what_is_not_confirmed_in_time_goes_to_the_next_channel(
    product: Product, *, late_failure: bool
) -> None:
    product.connector.answers = [Sent("theirs")]
    say(product, *PIGEON_FIRST)
    work(product)
    product.clock.advance(TIMEOUT_S - 1)
    assert product.relay()["FallbacksTaken"] == 0

    if late_failure:
        product.record(receipt(Status.FAILED))
    else:
        product.clock.advance(1)
        assert product.relay()["FallbacksTaken"] == 1
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]
    first = next(part for part in product.deliveries.of_message(MESSAGE_ID) if part.channel == "pigeon")
    assert first.status is Status.FAILED
    assert (first.error_code == NOT_CONFIRMED) is not late_failure


def test_where_no_receipts_come_sent_is_enough(product: Product) -> None:
    say(product, "telex", "pigeon")
    work(product)
    product.clock.advance(TIMEOUT_S)

    assert product.relay()["FallbacksTaken"] == 0
    assert asked(product) == ["carla@telex"]


def test_what_waits_in_the_first_queue_is_never_sent_after_the_step(product: Product) -> None:
    say(product, *PIGEON_FIRST, content="é" * 35)
    product.route_all()
    waiting = list(product.events.requested)
    assert [delivery.recipient.channel for delivery in waiting] == ["pigeon", "pigeon"]
    product.events.requested.clear()

    product.clock.advance(TIMEOUT_S)
    assert product.relay()["FallbacksTaken"] == 1
    work(product)
    for delivery in waiting:
        outcome = product.deliver()(delivery)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    work(product)

    assert set(asked(product)) == {"carla@telex"}
    assert product.message().status is Status.SENT


def test_what_a_process_is_sending_is_waited_for(product: Product) -> None:
    say(product, *PIGEON_FIRST)
    product.route_all()
    (requested,) = product.events.requested
    product.clock.advance(TIMEOUT_S)
    now = product.clock()
    product.deliveries.claim(requested, "a", now.timestamp(), now.timestamp() + 20)

    assert product.relay()["FallbacksTaken"] == 0
    product.clock.advance(GRACE.total_seconds())
    assert product.relay()["FallbacksTaken"] == 1


def test_a_step_whose_process_died_is_published_by_the_relay(product: Product) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    product.route_all()
    (requested,) = product.events.requested
    product.events.requested.clear()
    outcome = product.deliver()(requested)
    assert isinstance(outcome, Settled)
    fallback = product.fallbacks.get(MESSAGE_ID, "carla")
    assert fallback is not None
    product.fallbacks.step(fallback, product.messages.get(MESSAGE_ID).accepted_at)  # type: ignore[union-attr]

    assert product.record(outcome.update) is Recorded.DONE
    assert not product.events.accepted
    product.clock.advance(GRACE.total_seconds())
    product.relay()
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]


def test_routed_again_it_goes_to_where_it_is_by_now(product: Product) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    work(product)
    message = product.message()

    product.events.accepted.append(product.accept.event_again(message))
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]


def test_a_stale_message_is_looked_after_on_its_present_channel(product: Product) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    product.route_all()
    (requested,) = product.events.requested
    product.events.requested.clear()
    outcome = product.deliver()(requested)
    assert isinstance(outcome, Settled)
    product.record(outcome.update)
    product.route_all()
    product.events.requested.clear()

    product.clock.advance(DELIVERY_GRACE.total_seconds() + 60)
    product.relay()
    work(product)

    assert asked(product) == ["carla@pigeon", "carla@telex"]
    assert product.message().status is Status.SENT


def test_somebody_known_on_one_channel_only_has_no_fallback() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.connector.answers = [BLOCKED]
    say(product, "telex", "pigeon")
    work(product)

    assert asked(product) == ["ana@pigeon"]
    assert product.message().status is Status.FAILED


def test_a_file_falls_back_with_its_text_as_the_next_channel_takes_them(product: Product) -> None:
    product.files.files["file-1"] = a_file()
    product.connector.answers = [BLOCKED]

    say(product, *PIGEON_FIRST, content="look", file=Attachment("file-1", "it.png", "image/png", 100))
    work(product)

    assert [
        (submission.address, isinstance(submission.content, OutgoingMedia), submission.content.text)
        for submission in product.connector.asked
    ] == [
        ("carla@pigeon", True, "look"),
        ("carla@telex", True, ""),
        ("carla@telex", False, "look"),
    ]


def test_a_message_that_is_deleted_between_two_channels_goes_to_nobody_and_is_not_requested_for_ever(
    product: Product,
) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    product.route_all()
    (request,) = product.events.requested
    product.events.requested.clear()
    outcome = product.deliver()(request)
    assert isinstance(outcome, Settled)
    product.record(outcome.update)
    product.table.messages[MESSAGE_ID] = replace(
        product.message(), deleted_at="2026-01-31T12:00:00.000Z", content=Deleted()
    )
    work(product)

    product.clock.advance(GRACE.total_seconds() + 1)
    product.relay()

    assert product.events.accepted == []
    assert product.fallbacks.due("9999", 1) == []
    assert asked(product) == ["carla@pigeon"]


def test_a_next_channel_is_not_tried_after_the_person_has_opted_out_of_everything_there(
    product: Product,
) -> None:
    product.connector.answers = [BLOCKED]
    say(product, *PIGEON_FIRST)
    stop = Consent(
        "telex", Purpose.SERVICE, ConsentState.OPTED_OUT, iso(product.clock()), ConsentSource.KEYWORD
    )
    assert product.directory.save_consents(CARLA, (stop,))

    work(product)

    assert asked(product) == ["carla@pigeon"]
    assert (product.message().status, product.message().error_code) == (Status.FAILED, "OPTED_OUT")
