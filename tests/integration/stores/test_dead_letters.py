"""Dead letters and their redrive, by the adapters and by their fakes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from chat4all.domain.claims import Claimed, ClaimRefused
from chat4all.domain.content import Text
from chat4all.domain.dead_letters import MOST_REDRIVEN, DeadLetterKind, DeadRecord
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import DeliveryRequested, Recipient, StatusUpdate
from chat4all.domain.message import Message
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import Status, StatusChange
from chat4all.services.messaging.ports import Deliveries, Messages
from chat4all.services.recovery.ports import DeadLetters
from tests.fakes.people import NOW

BEGAN = 1_770_000_000.0
LATER = "2026-01-31T13:00:00.000Z"
DUE = "2026-01-31T13:00:30.000Z"


def numbered(number: int) -> str:
    return f"{number:020d}"


class Store:
    """The messages of a channel, each to a single recipient."""

    def __init__(
        self, messages: Messages, deliveries: Deliveries, channel: str, new_id: Callable[[], str]
    ) -> None:
        self.messages = messages
        self.deliveries = deliveries
        self.channel = channel
        self._new_id = new_id
        self._conversation = new_id()

    def message(self, number: int = 1) -> Message:
        message = Message(
            message_id=self._new_id(),
            conversation_id=self._conversation,
            sequence=numbered(number),
            sender_id="agent",
            content=Text("hello"),
            status=Status.PENDING,
            status_history=(StatusChange(Status.PENDING, NOW),),
            accepted_at=NOW,
            fingerprint="f",
        )
        assert self.messages.add(message) is None
        self.messages.begin(message.message_id, NOW)
        return message

    def requested(self, message: Message, part: int = 0, round_: int = 0) -> DeliveryRequested:
        to = Recipient("ana", self.channel, "main", "ana@pigeon", 1)
        return DeliveryRequested(
            message.message_id,
            message.conversation_id,
            to,
            Text("hello"),
            part,
            2,
            1,
            NOW,
            message.sequence,
            round=round_,
        )

    def failed(self, message: Message, part: int = 0, code: str = "131026", round_: int = 0) -> DeliveryPart:
        requested = self.requested(message, part, round_)
        claimed = self.deliveries.claim(requested, self._new_id(), BEGAN, BEGAN + 35)
        assert isinstance(claimed, Claimed)
        self.deliveries.record_failed(claimed, code, "Cannot be delivered.", LATER)
        return self.read(requested)

    def read(self, requested: DeliveryRequested) -> DeliveryPart:
        found = self.deliveries.get(requested.delivery_id)
        assert found is not None
        return found

    def fail(self, message: Message) -> Message:
        assert self.messages.advance(
            message.message_id, Status.FAILED, LATER, message.round, settled=True, code="131026"
        )
        failed = self.messages.get(message.message_id)
        assert failed is not None
        return failed


@pytest.fixture
def store(messages: Messages, deliveries: Deliveries, channel: str, new_id: Callable[[], str]) -> Store:
    return Store(messages, deliveries, channel, new_id)


def test_a_failed_delivery_is_listed(store: Store, dead_letters: DeadLetters) -> None:
    message = store.message(7)
    delivery = store.failed(message)

    (letter,) = dead_letters.listing(store.channel, None, 10)

    assert letter.kind is DeadLetterKind.DELIVERY
    assert letter.dead_letter_id == str(delivery.delivery_id)
    assert (letter.message_id, letter.conversation_id, letter.sequence) == (
        message.message_id,
        message.conversation_id,
        numbered(7),
    )
    assert (letter.recipient_id, letter.channel, letter.attempts) == ("ana", store.channel, 1)
    assert (letter.error_code, letter.error_reason, letter.failed_at) == (
        "131026",
        "Cannot be delivered.",
        LATER,
    )
    assert dead_letters.get(letter.dead_letter_id) == letter
    assert letter in dead_letters.listing(None, None, 1_000)


def test_what_a_receipt_fails_is_listed_too(store: Store, dead_letters: DeadLetters) -> None:
    requested = store.requested(store.message())
    claimed = store.deliveries.claim(requested, "first", BEGAN, BEGAN + 35)
    assert isinstance(claimed, Claimed)
    store.deliveries.record_sent(claimed, "theirs", NOW)
    told = StatusUpdate(store.channel, "main", Status.FAILED, LATER, "theirs", error_code="131049")

    store.deliveries.advance(requested.delivery_id, told)

    assert [item.error_code for item in dead_letters.listing(store.channel, None, 10)] == ["131049"]


def test_what_failed_because_of_another_part_is_not_listed(store: Store, dead_letters: DeadLetters) -> None:
    message = store.message()
    store.failed(message, 0)
    store.failed(message, 1, EARLIER_PART)

    assert len(dead_letters.listing(store.channel, None, 10)) == 1


@pytest.mark.parametrize(
    "unknown", ["nonsense", "a|b|c|0", "RECORD#x", "{message}", "{message}|ana|pigeon|0"]
)
def test_what_did_not_fail_is_none(store: Store, dead_letters: DeadLetters, unknown: str) -> None:
    assert dead_letters.get(unknown.format(message=store.message().message_id)) is None


def test_they_come_in_order_page_by_page(store: Store, dead_letters: DeadLetters) -> None:
    messages = [store.message(number) for number in (100, 2, 30, 1, 4)]
    for message in messages:
        store.failed(message)

    seen: list[str | None] = []
    after = None
    while page := dead_letters.listing(store.channel, after, 2):
        seen += [letter.sequence for letter in page]
        after = page[-1].sort_key

    assert seen == [numbered(number) for number in (1, 2, 4, 30, 100)]


def test_a_message_given_up_is_listed(store: Store, dead_letters: DeadLetters) -> None:
    message = store.message(3)
    store.messages.give_up(message, LATER, "NO_RECIPIENT", "Nobody is left.")

    letter = dead_letters.get(message.message_id)

    assert letter is not None
    assert (letter.kind, letter.sequence, letter.error_code) == (
        DeadLetterKind.MESSAGE,
        numbered(3),
        "NO_RECIPIENT",
    )
    assert letter in dead_letters.listing(None, None, 1_000)
    failed = store.messages.get(message.message_id)
    assert failed is not None
    assert store.messages.redrive(failed, [], LATER, DUE) == 0
    assert dead_letters.get(message.message_id) is None
    assert message.message_id in {due.message.message_id for due in store.messages.due(DUE, 1_000)}


def test_redriven_it_begins_anew(store: Store, dead_letters: DeadLetters) -> None:
    message = store.message()
    delivery = store.failed(message)
    failed = store.fail(message)

    assert store.messages.redrive(failed, [delivery], LATER, DUE) == 1

    again = store.messages.get(message.message_id)
    assert again is not None
    assert (again.status, again.error_code, again.round) == (Status.PENDING, None, 1)
    assert message.message_id in {due.message.message_id for due in store.messages.due(DUE, 1_000)}
    part = store.read(store.requested(message))
    assert (part.status, part.attempts, part.round, part.error_code) == (Status.PENDING, 0, 1, None)
    assert [change.status for change in part.status_history] == [Status.FAILED, Status.PENDING]
    assert dead_letters.listing(store.channel, None, 10) == []
    assert dead_letters.get(str(delivery.delivery_id)) is None


def test_as_many_parts_as_may_be_are_redriven_at_once(store: Store) -> None:
    message = store.message()
    parts = [store.failed(message, part) for part in range(MOST_REDRIVEN)]

    assert store.messages.redrive(store.fail(message), parts, LATER, DUE) == 1

    assert store.read(store.requested(message, MOST_REDRIVEN - 1)).status is Status.PENDING


def test_it_is_redriven_once_however_many_try(store: Store) -> None:
    message = store.message()
    delivery = store.failed(message)
    failed = store.fail(message)

    with ThreadPoolExecutor(6) as pool:
        rounds = list(pool.map(lambda _: store.messages.redrive(failed, [delivery], LATER, DUE), range(6)))

    assert sorted(rounds, key=str) == [1, *[None] * 5]


def test_what_is_not_failed_any_more_is_not_redriven(store: Store) -> None:
    message = store.message()
    delivery = store.failed(message)
    failed = store.fail(message)
    store.messages.redrive(failed, [delivery], LATER, DUE)
    now = store.messages.get(message.message_id)
    assert now is not None

    assert store.messages.redrive(now, [delivery], LATER, DUE) is None
    assert store.messages.get(message.message_id) == now


def test_a_status_of_an_earlier_round_moves_nothing(store: Store) -> None:
    message = store.message()
    delivery = store.failed(message)
    store.messages.redrive(store.fail(message), [delivery], LATER, DUE)
    told = StatusUpdate(store.channel, "main", Status.FAILED, LATER, error_code="131026")

    moved = store.deliveries.advance(delivery.delivery_id, told)

    assert moved is not None
    assert moved.status is Status.PENDING
    assert not store.messages.advance(message.message_id, Status.FAILED, LATER, 0, settled=True)
    again = store.deliveries.advance(replace(delivery.delivery_id, round=1), told)
    assert again is not None
    assert again.status is Status.FAILED


def test_what_was_requested_before_the_redrive_is_refused(store: Store) -> None:
    message = store.message()
    delivery = store.failed(message)
    store.messages.redrive(store.fail(message), [delivery], LATER, DUE)

    old = store.deliveries.claim(store.requested(message), "old", BEGAN, BEGAN + 35)
    new = store.deliveries.claim(store.requested(message, round_=1), "new", BEGAN, BEGAN + 35)

    assert isinstance(old, ClaimRefused)
    assert (old.delivery.status, old.until) == (Status.PENDING, None)
    assert isinstance(new, Claimed)
    assert (new.delivery.round, new.failures, new.taken_over) == (1, 0, False)


def test_a_delivery_first_begun_in_a_later_round_has_it(store: Store) -> None:
    message = store.message()

    assert store.failed(message, round_=2).delivery_id.round == 2


def test_a_record_is_kept_sent_back_and_forgotten(
    dead_letters: DeadLetters, new_id: Callable[[], str]
) -> None:
    record = DeadRecord(new_id(), "inbound", "group", '{"some": "thing"}', NOW)
    dead_letters.keep(record)
    dead_letters.keep(replace(record, body="another"))

    letter = dead_letters.get(f"RECORD#{record.record_id}")
    assert letter is not None
    assert (letter.kind, letter.source, letter.failed_at) == (DeadLetterKind.RECORD, "inbound", NOW)
    assert letter in dead_letters.listing(None, None, 1_000)
    assert record not in dead_letters.to_send_back("2099", 100)

    dead_letters.send_back(letter, LATER)
    assert letter not in dead_letters.listing(None, None, 1_000)
    assert record in dead_letters.to_send_back(LATER, 100)

    dead_letters.forget(record)
    assert record not in dead_letters.to_send_back("2099", 100)
    assert dead_letters.get(letter.dead_letter_id) is None
