"""The deliveries of a message that stays PENDING are requested again."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from chat4all.domain.conversation import ConversationState, ConversationType, Participant
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import StatusUpdate
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.deliver import Settled
from chat4all.services.recovery.redrive import PUBLISH_GRACE
from chat4all.services.recovery.relay import IN_A_QUEUE, LONGEST_WAIT, Job, Relay
from tests.fakes.clock import BEGINNING
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message

GRACE_S = DELIVERY_GRACE.total_seconds()


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    return product


def published(product: Product) -> list[str]:
    return [event.message_id for event in product.events.accepted]


def routed(product: Product, message_id: str = MESSAGE_ID) -> None:
    """Accept and route a message; its deliveries stay in their queues."""
    product.say(message_id=message_id)
    product.route_submitted()


def test_a_message_that_is_not_routed_is_left_to_its_record(product: Product) -> None:
    product.say()

    product.clock.advance(86_400)

    assert product.relay()["MessagesRepublished"] == 0


def test_what_was_routed_is_left_alone_for_a_while(product: Product) -> None:
    routed(product)

    product.clock.advance(GRACE_S - 1)

    assert product.relay()["MessagesRepublished"] == 0


def test_what_stays_pending_is_routed_again_less_and_less_often(product: Product) -> None:
    routed(product)
    minutes = []
    for minute in range(3 * 1_440):
        if product.relay()["MessagesRepublished"]:
            minutes.append(minute)
        product.clock.advance(60)

    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1_920, 3_360]


def test_what_was_sent_is_never_published_again(product: Product) -> None:
    routed(product)
    for requested in product.events.requested:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)

    product.clock.advance(86_400)

    assert product.relay()["MessagesRepublished"] == 0
    assert not product.table.due_at


def test_a_status_that_the_message_lacks_is_recorded_though_its_recipient_left(product: Product) -> None:
    product.directory.create(customer("carla", "pigeon"))
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3))
    routed(product)
    for requested in product.events.requested:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        if requested.recipient.user_id != "ben":
            product.record(outcome.update)
    product.conversations.remove_participant(product.conversation(), "ben")
    assert product.message().status is Status.PENDING

    product.clock.advance(GRACE_S)
    product.relay()

    assert product.message().status is Status.SENT
    assert published(product) == []
    assert not product.table.due_at


@pytest.mark.parametrize("status", [Status.SENT, Status.READ])
def test_a_message_does_not_wait_for_a_recipient_who_left_before_their_delivery_began(
    product: Product, status: Status
) -> None:
    product.directory.create(customer("carla", "pigeon"))
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3))
    routed(product)
    begun = [requested for requested in product.events.requested if requested.recipient.user_id != "ben"]
    for requested in begun:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    product.conversations.remove_participant(product.conversation(), "ben")
    product.events.requested.clear()

    product.clock.advance(GRACE_S)
    product.relay()
    product.route_all()
    for requested in product.events.requested:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    for requested in begun if status is Status.READ else []:
        named = str(requested.delivery_id)
        product.record(StatusUpdate("pigeon", "main", Status.READ, NOW, None, named))

    assert product.message().status is status
    assert not product.table.due_at


@pytest.mark.parametrize("read_at", ["9999-12-31T23:59:59.999Z", "2026-02-01T12:00:00.000Z"])
def test_a_receipt_from_the_future_stops_no_redrive(product: Product, read_at: str) -> None:
    product.connector.answers = [Sent("hers"), SendError(Outcome.PERMANENT, "131026", "Blocked.")]
    routed(product)
    for requested in product.events.requested:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    product.record(StatusUpdate("pigeon", "main", Status.READ, read_at, "hers"))
    assert product.message().status is Status.READ
    product.redrive.message(MESSAGE_ID)
    product.events.accepted.clear()

    product.clock.advance(PUBLISH_GRACE.total_seconds())
    product.relay()

    assert published(product) == [MESSAGE_ID]


def test_those_of_one_conversation_are_published_in_their_order(product: Product) -> None:
    ids = [product.ids() for _ in range(5)]
    for message_id in ids:
        routed(product, message_id)

    product.clock.advance(GRACE_S)
    product.relay()

    assert published(product) == ids


def test_a_slow_message_is_postponed_longer_each_time(product: Product) -> None:
    routed(product)
    times = []

    while product.clock() - BEGINNING < timedelta(days=10):
        product.clock.advance(600)
        if product.relay()["MessagesRepublished"]:
            times.append(product.clock())

    waits = [after - before for before, after in pairwise(times)]
    assert len(times) < 20
    assert all(wait <= LONGEST_WAIT + timedelta(minutes=10) for wait in waits)
    assert waits == sorted(waits)


def test_it_goes_to_those_who_can_be_reached_now(product: Product) -> None:
    routed(product)
    product.directory.unlink(ANA, ANA.identities[0])
    product.directory.link("ana", replace(ANA.identities[0], channel="telex", address="ana@telex"))

    product.clock.advance(GRACE_S)
    product.relay()

    assert [recipient.address for recipient in product.events.accepted[0].recipients] == [
        "ana@telex",
        "ben@telex",
    ]


def test_it_does_not_go_to_somebody_who_joined_after_it(product: Product) -> None:
    routed(product)
    product.directory.create(customer("carla", "pigeon"))
    conversation = product.conversation()
    product.conversations.add_participant(
        conversation, Participant("carla", NOW, 3, product.message().sequence)
    )

    product.clock.advance(GRACE_S)
    product.relay()

    assert [recipient.user_id for recipient in product.events.accepted[0].recipients] == ["ana", "ben"]


def archive(product: Product) -> None:
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)


def remove_sender(product: Product) -> None:
    product.conversations.remove_participant(product.conversation(), "agent")


def unlink(product: Product) -> None:
    product.directory.unlink(ANA, ANA.identities[0])


def remove_customers(product: Product) -> None:
    for user_id in ("ana", "ben"):
        product.conversations.remove_participant(product.conversation(), user_id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (remove_customers, "NO_RECIPIENT"),
        (archive, "CONVERSATION_ARCHIVED"),
        (remove_sender, "NOT_A_PARTICIPANT"),
        (unlink, "NO_IDENTITY"),
    ],
)
def test_what_cannot_be_delivered_and_no_queue_can_hold_fails_with_the_reason(
    product: Product, change: object, code: str
) -> None:
    routed(product)
    assert callable(change)
    change(product)

    product.clock.advance(IN_A_QUEUE.total_seconds())
    relayed = product.relay()

    assert (relayed["MessagesRepublished"], relayed["MessagesUndeliverable"]) == (0, 1)
    assert (product.message().status, product.message().error_code) == (Status.FAILED, code)
    assert product.message().error_reason
    product.clock.advance(86_400)
    assert product.relay()["MessagesUndeliverable"] == 0


@pytest.mark.parametrize("change", [remove_customers, archive, remove_sender, unlink])
def test_what_is_on_its_way_does_not_fail_for_what_changed_since(product: Product, change: object) -> None:
    routed(product)
    assert callable(change)
    change(product)

    product.clock.advance(DELIVERY_GRACE.total_seconds())
    assert product.relay()["MessagesUndeliverable"] == 0
    for requested in product.events.requested:
        outcome = product.deliver()(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)

    assert product.message().status is Status.SENT


def test_when_the_queue_does_not_answer_it_is_tried_again_later(product: Product) -> None:
    routed(product)
    product.clock.advance(GRACE_S)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.relay()
    product.events.broken = False

    product.clock.advance(GRACE_S)

    assert product.relay()["MessagesRepublished"] == 1
    assert published(product) == [MESSAGE_ID]


def failing(_now: datetime) -> Counter[str]:
    raise Unavailable("A queue did not answer.")


def working(_now: datetime) -> Counter[str]:
    return Counter(Worked=2)


def test_a_job_that_fails_does_not_stop_the_other_jobs(product: Product) -> None:
    counted: list[tuple[str, int]] = []
    jobs: list[Job] = [failing, failing, working]
    relay = Relay(product.clock, jobs, lambda metric, number: counted.append((metric, number)))

    with pytest.raises(Unavailable) as raised:
        relay()

    assert counted == [("Worked", 2)]
    assert len(raised.value.__notes__) == 1


def test_a_backlog_is_worked_off_in_one_run(product: Product) -> None:
    ids = [product.ids() for _ in range(3 * BATCH + 1)]
    for message_id in ids:
        routed(product, message_id)

    product.clock.advance(GRACE_S)

    assert product.relay()["MessagesRepublished"] == len(ids)
    assert published(product) == ids


def test_whoever_is_never_done_has_its_turns_until_the_time_is_over(product: Product) -> None:
    turns = Counter[str]()

    def endless(_now: datetime) -> Counter[str]:
        turns["endless"] += 1
        product.clock.advance(7)
        return Counter(Worked=BATCH)

    def soon_done(_now: datetime) -> Counter[str]:
        turns["soon done"] += 1
        return Counter(Worked=BATCH - 1)

    Relay(product.clock, [endless, soon_done])()

    assert turns == {"endless": 3, "soon done": 1}


def test_two_relays_at_once_publish_once(product: Product) -> None:
    routed(product)
    product.clock.advance(GRACE_S)
    (due,) = product.messages.due("9999", 10)

    assert product.messages.postpone(due, "2027-01-01T00:00:00.000Z")
    assert not product.messages.postpone(due, "2027-01-01T00:00:00.000Z")
    assert product.relay()["MessagesRepublished"] == 0


def test_the_sender_of_a_passed_on_text_is_named_again(product: Product) -> None:
    product.accept(replace(a_message("hello", sender_id="ana"), provider_message_id="hers"))
    product.route_submitted()

    product.clock.advance(GRACE_S)
    product.relay()

    assert product.events.accepted[0].content.text == "Ana: hello"
