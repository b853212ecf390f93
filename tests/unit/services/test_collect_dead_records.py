"""Records in dead-letter queues: their messages become FAILED, or the records are listed and sent back."""

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.adapters.failure_log import log_failure
from chat4all.domain.clock import iso
from chat4all.domain.dead_letters import DeadLetterKind, DeadRecord
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Settled
from chat4all.services.recovery.collect_dead_records import CODE, CollectDeadRecords
from chat4all.services.recovery.ports import ReceivedRecord
from tests.fakes.product import AGENT, ANA, CLAIM_TIME, MESSAGE_ID, Product, a_message


class MemoryDeadQueues:
    def __init__(self) -> None:
        self.dead: list[DeadRecord] = []
        self.sent_back: list[DeadRecord] = []

    def receive(self) -> list[ReceivedRecord]:
        return [ReceivedRecord(record, record.record_id) for record in self.dead]

    def remove(self, received: ReceivedRecord) -> None:
        self.dead.remove(received.record)

    def send_back(self, record: DeadRecord, at: str) -> None:
        self.sent_back.append(record)


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.say()
    return product


@pytest.fixture
def queues() -> MemoryDeadQueues:
    return MemoryDeadQueues()


def collecting(product: Product, queues: MemoryDeadQueues) -> CollectDeadRecords:
    return CollectDeadRecords(
        queues=queues,
        dead_letters=product.dead_letters,
        messages=product.messages,
        deliveries=product.deliveries,
        record=product.record,
        log_failure=log_failure,
        channels=frozenset({"pigeon"}),
        new_id=product.ids,
    )


def dead(product: Product, source: str, body: msgspec.Struct | str) -> DeadRecord:
    text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
    return DeadRecord(product.ids(), source, "group", text, iso(product.clock()))


def test_a_delivery_that_nobody_could_handle_fails(
    product: Product, queues: MemoryDeadQueues, caplog: pytest.LogCaptureFixture
) -> None:
    product.route_submitted()
    (requested,) = product.events.requested
    queues.dead = [dead(product, "pigeon", requested)]

    done = collecting(product, queues)(product.clock())

    assert done["DeadRecords"] == 1
    assert queues.dead == []
    assert (product.message().status, product.message().error_code) == (Status.FAILED, CODE)
    (line,) = caplog.records
    assert (vars(line)["message_id"], vars(line)["error_code"]) == (MESSAGE_ID, CODE)
    (letter,) = product.redrive.listing("pigeon", None, 10).items
    product.redrive.one(letter.dead_letter_id)
    assert product.message().status is Status.PENDING


def test_a_delivery_that_is_done_is_only_taken_away(product: Product, queues: MemoryDeadQueues) -> None:
    product.route_submitted()
    (requested,) = product.events.requested
    outcome = product.deliver()(requested)
    assert isinstance(outcome, Settled)
    product.record(outcome.update)
    queues.dead = [dead(product, "pigeon", requested)]

    collecting(product, queues)(product.clock())

    assert queues.dead == []
    assert product.message().status is Status.SENT


def test_a_delivery_that_is_being_sent_is_left_for_later(product: Product, queues: MemoryDeadQueues) -> None:
    product.route_submitted()
    (requested,) = product.events.requested
    now = product.clock()
    product.deliveries.claim(requested, "a", now.timestamp(), (now + CLAIM_TIME).timestamp())
    queues.dead = [dead(product, "pigeon", requested)]

    collecting(product, queues)(product.clock())

    assert len(queues.dead) == 1


def test_a_message_that_could_not_be_routed_fails(product: Product, queues: MemoryDeadQueues) -> None:
    queues.dead = [dead(product, "chat-events", product.events.submitted[0])]

    collecting(product, queues)(product.clock())

    assert product.message().status is Status.FAILED
    (letter,) = product.redrive.listing(None, None, 10).items
    assert (letter.kind, letter.message_id) == (DeadLetterKind.MESSAGE, MESSAGE_ID)


def test_a_message_that_was_routed_meanwhile_is_only_taken_away(
    product: Product, queues: MemoryDeadQueues
) -> None:
    product.route_submitted()
    queues.dead = [dead(product, "chat-events", product.events.submitted[0])]

    collecting(product, queues)(product.clock())

    assert queues.dead == []
    assert product.message().status is Status.PENDING
    assert product.redrive.listing(None, None, 10).items == ()


def test_a_message_that_is_not_stored_stays_a_dead_record(product: Product, queues: MemoryDeadQueues) -> None:
    submitted = product.events.submitted[0]
    product.table.messages.clear()
    queues.dead = [dead(product, "chat-events", submitted)]

    collecting(product, queues)(product.clock())

    (letter,) = product.redrive.listing(None, None, 10).items
    assert (letter.kind, letter.source) == (DeadLetterKind.RECORD, "chat-events")


def test_the_record_of_another_message_with_the_same_id_fails_nothing(
    product: Product, queues: MemoryDeadQueues
) -> None:
    submitted = product.events.submitted[0]
    another = replace(submitted, message=replace(submitted.message, fingerprint="another"))
    queues.dead = [dead(product, "chat-events", another)]

    collecting(product, queues)(product.clock())

    assert product.message().status is Status.PENDING


def test_a_message_for_nobody_does_not_fail(product: Product, queues: MemoryDeadQueues) -> None:
    written = product.accept(replace(a_message(message_id="hers", sender_id="ana"), provider_message_id="1"))
    assert written.message.status is Status.DELIVERED
    queues.dead = [dead(product, "chat-events", product.events.submitted[-1])]

    collecting(product, queues)(product.clock())

    assert queues.dead == []
    assert product.message("hers").status is Status.DELIVERED


@pytest.mark.parametrize("source", ["pigeon", "chat-events", "status-updates", "inbound"])
def test_anything_else_is_kept_and_can_be_sent_back(
    product: Product, queues: MemoryDeadQueues, source: str
) -> None:
    record = dead(product, source, "no JSON")
    queues.dead = [record]
    collect = collecting(product, queues)
    collect(product.clock())
    (letter,) = product.redrive.listing(None, None, 10).items
    assert (letter.kind, letter.source, letter.error_code) == (DeadLetterKind.RECORD, source, CODE)

    assert product.redrive.many(None, None, 10).redriven == 1
    assert product.redrive.listing(None, None, 10).items == ()
    assert collect(product.clock())["RecordsSentBack"] == 1

    assert queues.sent_back == [record]
    assert collect(product.clock())["RecordsSentBack"] == 0
