"""Permanently failed deliveries and messages are listed, and redriven by hand, in order and once."""

import pytest
from msgspec.structs import replace

from chat4all.domain.conversation import ConversationState, ConversationType
from chat4all.domain.dead_letters import DeadLetterKind
from chat4all.domain.errors import Conflict, Invalid, NotFound, NotPossible, Unavailable
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.files.file import Attachment
from chat4all.domain.pages import encode_cursor
from chat4all.domain.sending import EARLIER_PART, Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Outdated, Settled
from chat4all.services.messaging.record_status import Recorded
from chat4all.services.recovery.redrive import PUBLISH_GRACE, DeadLetterCursor
from tests.fakes.files import a_file
from tests.fakes.people import customer
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, a_message, over, statuses

BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
BO = customer("bo", "pigeon")


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def work(product: Product) -> list[DeliveryRequested]:
    """Route, deliver and record every published event; return the requested deliveries."""
    product.route_all()
    requested = list(product.events.requested)
    product.events.requested.clear()
    deliver = product.deliver()
    for request in requested:
        outcome = deliver(request)
        if isinstance(outcome, Settled):
            assert product.record(outcome.update) is Recorded.DONE
    return requested


def fail(product: Product, content: str = "hello", message_id: str = MESSAGE_ID) -> list[DeliveryRequested]:
    product.connector.answers = [BLOCKED] * 3
    product.say(content, message_id=message_id)
    requested = work(product)
    product.connector.answers = []
    return requested


def test_what_failed_is_a_dead_letter_with_its_reason(product: Product) -> None:
    fail(product)

    (letter,) = product.redrive.listing(None, None, 10).items

    assert letter.kind is DeadLetterKind.DELIVERY
    assert (letter.message_id, letter.recipient_id, letter.channel) == (MESSAGE_ID, "ana", "pigeon")
    assert (letter.error_code, letter.error_reason) == ("131026", "Cannot be delivered.")


def test_a_failed_message_is_sent_once_more(product: Product) -> None:
    fail(product)
    product.clock.advance(60)

    product.redrive.message(MESSAGE_ID)
    assert product.message().status is Status.PENDING
    assert product.message().error_code is None
    work(product)

    message = product.message()
    assert statuses(message.status_history) == [Status.PENDING, Status.FAILED, Status.PENDING, Status.SENT]
    assert message.error_code is None
    assert [submission.content.text for submission in product.connector.asked] == ["hello", "hello"]
    assert product.redrive.listing(None, None, 10).items == ()
    assert not product.table.due_at


def test_each_round_has_a_name_of_its_own(product: Product) -> None:
    fail(product)
    product.redrive.message(MESSAGE_ID)
    work(product)

    first, second = (submission.delivery_id for submission in product.connector.asked)
    assert second == f"{first}|1"


def test_it_may_fail_again_and_be_redriven_again(product: Product) -> None:
    fail(product)
    for _ in range(3):
        product.connector.answers = [BLOCKED]
        product.redrive.message(MESSAGE_ID)
        work(product)
        assert product.message().status is Status.FAILED
        assert len(product.redrive.listing(None, None, 10).items) == 1
    product.redrive.message(MESSAGE_ID)
    work(product)

    assert product.message().status is Status.SENT
    assert product.message().round == 4


@pytest.mark.parametrize("failed", [True, False])
def test_only_what_failed_can_be_redriven(product: Product, *, failed: bool) -> None:
    if failed:
        fail(product)
        product.redrive.message(MESSAGE_ID)
    else:
        product.say()
    work(product)

    with pytest.raises(Conflict) as refused:
        product.redrive.message(MESSAGE_ID)

    assert refused.value.code == "NOT_FAILED"


def test_what_there_is_not_can_not_be_redriven(product: Product) -> None:
    with pytest.raises(NotFound):
        product.redrive.message(MESSAGE_ID)
    with pytest.raises(NotFound):
        product.redrive.one(f"{MESSAGE_ID}|ana|pigeon|0")
    with pytest.raises(NotFound):
        product.redrive.one("nonsense")


@pytest.mark.parametrize(
    "cursor", ["nonsense", *(encode_cursor(DeadLetterCursor(sort_key)) for sort_key in ("", "x" * 257))]
)
def test_a_cursor_that_is_none_is_refused(product: Product, cursor: str) -> None:
    with pytest.raises(Invalid):
        product.redrive.listing(None, cursor, 10)
    with pytest.raises(Invalid):
        product.redrive.many(None, cursor, 10)


def test_what_can_not_be_reached_any_more_stays_a_dead_letter(product: Product) -> None:
    fail(product)
    product.directory.unlink(ANA, ANA.identities[0])

    with pytest.raises(NotPossible):
        product.redrive.message(MESSAGE_ID)

    assert product.message().status is Status.FAILED
    answer = product.redrive.many(None, None, 10)
    assert (answer.redriven, [refusal.code for refusal in answer.refused]) == (0, ["NO_IDENTITY"])
    assert len(product.redrive.listing(None, None, 10).items) == 1


def test_a_process_that_dies_before_it_publishes_leaves_it_to_the_relay(product: Product) -> None:
    fail(product)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.redrive.message(MESSAGE_ID)
    product.events.broken = False
    assert not product.events.accepted

    product.clock.advance(PUBLISH_GRACE.total_seconds())
    assert product.relay()["MessagesRepublished"] == 1
    work(product)

    assert product.message().status is Status.SENT


def test_who_asks_again_publishes_what_was_not_published(product: Product) -> None:
    fail(product)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.redrive.message(MESSAGE_ID)
    product.events.broken = False

    product.redrive.message(MESSAGE_ID)
    work(product)

    assert product.message().status is Status.SENT
    assert product.message().round == 1


def test_many_are_redriven_in_the_order_of_their_conversation(product: Product) -> None:
    ids = [product.ids() for _ in range(7)]
    for number, message_id in enumerate(ids):
        fail(product, f"text {number}", message_id)
    product.connector.asked.clear()

    cursor, redriven = None, 0
    while True:
        answer = product.redrive.many("pigeon", cursor, 3)
        redriven += answer.redriven
        cursor = answer.next_cursor
        if cursor is None:
            break
    work(product)

    assert redriven == 7
    assert [submission.content.text for submission in product.connector.asked] == [
        f"text {number}" for number in range(7)
    ]


def test_of_a_channel_only_its_own_are_redriven(product: Product) -> None:
    fail(product)

    assert product.redrive.many("telex", None, 10).redriven == 0
    assert product.message().status is Status.FAILED


def test_of_a_text_in_parts_the_failed_ones_are_sent_again(product: Product) -> None:
    product.connector.answers = [Sent("first"), BLOCKED]
    product.say("x" * 20 + "y" * 20 + "z" * 20)
    parts = len(work(product))
    assert parts == 3
    assert [part.error_code for part in product.deliveries.of_message(MESSAGE_ID)] == [
        None,
        "131026",
        EARLIER_PART,
    ]
    assert len(product.redrive.listing(None, None, 10).items) == 1

    product.redrive.message(MESSAGE_ID)
    work(product)

    assert [submission.content.text[0] for submission in product.connector.asked] == ["x", "y", "y", "z"]
    assert product.message().status is Status.SENT


@pytest.mark.parametrize("channels", [("telex",), ("pigeon", "telex")])
def test_a_part_that_begins_after_a_redrive_is_counted(channels: tuple[str, ...]) -> None:
    product = Product()
    product.settle(AGENT, customer("bo", "pigeon", "telex"))
    product.connector.answers = [BLOCKED] * (len(channels) - 1)
    product.accept(a_message("ä" * 20, steps=over(*channels)))
    deliver = product.deliver()
    for _ in channels[1:]:
        product.route_all()
        request = product.events.requested[0]
        product.events.requested.clear()
        outcome = deliver(request)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    product.route_all()
    first, second = product.events.requested
    product.events.requested.clear()
    assert (first.recipient.channel, first.part_count) == ("telex", 2)
    assert isinstance(deliver(first), Settled)
    named = str(first.delivery_id)
    product.record(StatusUpdate("telex", "main", Status.FAILED, "2026-01-31T12:00:01.000Z", None, named))
    assert product.message().status is Status.FAILED

    product.redrive.message(MESSAGE_ID)
    assert product.deliveries.get(second.delivery_id) is None
    work(product)

    assert [part.status for part in product.deliveries.of_message(MESSAGE_ID)][-2:] == [Status.SENT] * 2
    assert product.message().status is Status.SENT


def test_a_part_that_waits_in_the_queue_does_not_overtake_a_redriven_one(product: Product) -> None:
    product.connector.answers = [Sent("first"), BLOCKED]
    product.say("x" * 20 + "y" * 20 + "z" * 20)
    product.route_submitted()
    deliver = product.deliver()
    first, second, third = product.events.requested
    for delivery in (first, second):
        outcome = deliver(delivery)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    product.events.requested.clear()
    product.redrive.message(MESSAGE_ID)

    assert deliver(third) == Outdated()
    assert deliver(second) == Outdated()
    work(product)

    assert [submission.content.text[0] for submission in product.connector.asked] == ["x", "y", "y", "z"]


def test_what_is_told_of_an_earlier_round_is_no_news(product: Product) -> None:
    (requested,) = fail(product)
    product.redrive.message(MESSAGE_ID)
    told = StatusUpdate(
        "pigeon", "main", Status.FAILED, "2026-01-31T12:00:01.000Z", None, str(requested.delivery_id), "1"
    )

    assert product.record(told) is Recorded.DONE
    assert product.record(replace(told, recorded=True)) is Recorded.DONE

    assert product.message().status is Status.PENDING
    work(product)
    assert product.message().status is Status.SENT


def test_a_failure_of_an_earlier_round_is_no_news_in_a_group_either() -> None:
    product = Product()
    product.settle(AGENT, ANA, BO, kind=ConversationType.GROUP)
    product.connector.answers = [Sent("hers"), BLOCKED]
    product.say()
    _, to_bo = work(product)
    product.redrive.message(MESSAGE_ID)
    told = StatusUpdate(
        "pigeon", "main", Status.FAILED, "2026-01-31T12:00:01.000Z", None, str(to_bo.delivery_id), "1"
    )

    assert product.record(told) is Recorded.DONE
    assert product.record(replace(told, recorded=True)) is Recorded.DONE

    work(product)
    assert {part.status for part in product.deliveries.of_message(MESSAGE_ID)} == {Status.SENT}


def test_a_receipt_of_an_earlier_round_spares_the_person_the_same_again(product: Product) -> None:
    (requested,) = fail(product)
    product.redrive.message(MESSAGE_ID)
    read = StatusUpdate(
        "pigeon", "main", Status.READ, "2026-01-31T12:00:01.000Z", "theirs", str(requested.delivery_id)
    )

    product.record(read)
    work(product)

    assert len(product.connector.asked) == 1
    assert product.message().status is Status.READ


def test_in_a_group_only_whom_it_did_not_reach_gets_it_again() -> None:
    product = Product()
    product.settle(AGENT, ANA, BO, kind=ConversationType.GROUP)
    product.connector.answers = [Sent("hers"), BLOCKED]
    product.say()
    work(product)
    assert product.message().status is Status.SENT
    (letter,) = product.redrive.listing(None, None, 10).items
    assert letter.recipient_id == "bo"

    product.redrive.one(letter.dead_letter_id)
    work(product)

    assert [submission.address for submission in product.connector.asked] == [
        "ana@pigeon",
        "bo@pigeon",
        "bo@pigeon",
    ]
    assert {part.status for part in product.deliveries.of_message(MESSAGE_ID)} == {Status.SENT}
    assert product.message().status is Status.SENT


def test_a_large_group_is_redriven_in_several_rounds() -> None:
    product = Product()
    people = [customer(f"person-{number}", "pigeon") for number in range(60)]
    product.settle(AGENT, *people, kind=ConversationType.GROUP)
    product.connector.answers = [BLOCKED] * len(people)
    product.say("x" * 20 + "y" * 20)
    work(product)
    assert product.message().status is Status.FAILED
    product.connector.asked.clear()

    product.redrive.message(MESSAGE_ID)
    work(product)

    assert product.message().status is Status.SENT
    assert (product.message().round, len(product.connector.asked)) == (2, 120)
    assert product.redrive.listing(None, None, 10).items == ()


@pytest.mark.parametrize("whole", [True, False])
def test_a_very_long_text_is_redriven_in_its_order(product: Product, *, whole: bool) -> None:
    fail(product, " ".join(f"{number:019}" for number in range(250)))
    (letter,) = product.redrive.listing(None, None, 10).items
    product.connector.asked.clear()

    if whole:
        product.redrive.message(MESSAGE_ID)
    else:
        product.redrive.one(letter.dead_letter_id)
    work(product)

    assert [int(submission.content.text) for submission in product.connector.asked] == list(range(250))
    assert product.message().status is Status.SENT


def test_a_message_that_was_never_on_its_way_is_redriven_whole(product: Product) -> None:
    product.say()
    product.directory.unlink(ANA, ANA.identities[0])
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)
    product.conversations.set_state(product.conversation(), ConversationState.ACTIVE)
    product.route_submitted()
    (letter,) = product.redrive.listing(None, None, 10).items
    assert (letter.kind, letter.error_code) == (DeadLetterKind.MESSAGE, "NO_IDENTITY")
    with pytest.raises(NotPossible):
        product.redrive.one(letter.dead_letter_id)
    assert product.message().status is Status.FAILED

    product.directory.link("ana", ANA.identities[0])
    product.redrive.one(letter.dead_letter_id)
    work(product)

    assert product.message().status is Status.SENT
    assert len(product.connector.asked) == 1
    assert product.redrive.listing(None, None, 10).items == ()


def test_a_file_and_the_text_after_it_are_sent_once_more(product: Product) -> None:
    product.files.files["file-1"] = a_file()
    picture = Attachment("file-1", "it.png", "image/png", 400)
    product.connector.answers = [BLOCKED]
    product.accept(a_message("too long for it", file=picture))
    work(product)
    assert product.message().status is Status.FAILED

    product.redrive.message(MESSAGE_ID)
    work(product)

    assert product.message().status is Status.SENT
    sent = [
        (isinstance(submission.content, OutgoingMedia), submission.content.text)
        for submission in product.connector.accepted
    ]
    assert sent == [(True, ""), (False, "too long for it")]
