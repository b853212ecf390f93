"""Batches and their pace, by the adapters and by their fakes."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.pace import DynamoPace
from chat4all.domain.batches import (
    CHUNK,
    Batch,
    BatchRecipient,
    BatchState,
    ChunkCounts,
    RecipientOutcome,
    Result,
    chunks_of,
)
from chat4all.domain.content import Text
from chat4all.domain.pacing import MOST_WAIT_S
from chat4all.services.batches.ports import Batches, Pace
from tests.fakes.batches import MemoryBatches, MemoryPace
from tests.fakes.people import NOW
from tests.integration.aws import Aws
from tests.integration.stores.paging import walked

LATER = "2026-01-31T13:00:00.000Z"
FAR = "2099-01-01T00:00:00.000Z"
ACCEPTED = Result(RecipientOutcome.ACCEPTED, "c-1")
REFUSED = Result(RecipientOutcome.REFUSED, None, "NO_IDENTITY")


@pytest.fixture
def batches(backend: str, aws: Aws) -> Batches:
    return MemoryBatches() if backend == "memory" else DynamoBatches(aws.output("Data.MessagesTable"))


@pytest.fixture
def paces(backend: str, aws: Aws) -> Callable[[], Pace]:
    """Return a function that makes the pace of another process."""
    memory = MemoryPace()
    return lambda: memory if backend == "memory" else DynamoPace(aws.output("Data.LimitsTable"))


@pytest.fixture
def batch(new_id: Callable[[], str]) -> Batch:
    return Batch(new_id(), "agent", Text("Hi {{name}} 😀"), CHUNK + 2, "f" * 64, NOW, metadata={"order": "1"})


RECIPIENTS = [
    BatchRecipient(f"c-{number}", variables={"name": f"Zoë {number}"}) for number in range(CHUNK + 1)
] + [BatchRecipient(user_id="ana")]


def ready(batches: Batches, batch: Batch, due_at: str = LATER) -> Batch:
    assert batches.add(batch) is None
    batches.add_chunks(batch.batch_id, chunks_of(RECIPIENTS))
    batches.make_ready(batch, due_at)
    return replace(batch, is_ready=True)


def test_a_batch_is_added_once_and_read_with_its_chunks(batches: Batches, batch: Batch) -> None:
    assert batches.add(batch) is None
    assert batches.add(replace(batch, fingerprint="g")) == batch
    assert batches.get(batch.batch_id) == batch
    assert batch.batch_id not in [batch_id for _, batch_id in batches.latest(None, 1_000)]
    assert not batches.move(batch.batch_id, BatchState.PAUSED, [BatchState.RUNNING], at=NOW, due_at=None)

    batches.add_chunks(batch.batch_id, chunks_of(RECIPIENTS))
    batches.make_ready(batch, LATER)

    assert batches.get(batch.batch_id) == replace(batch, is_ready=True)
    first, second = chunks_of(RECIPIENTS)
    assert batches.chunk(batch.batch_id, 0) == first
    assert batches.chunk(batch.batch_id, 1) == second
    assert batches.chunk(batch.batch_id, 2) is None
    assert batches.chunks(batch.batch_id, 0, 10) == [first, second]
    assert batches.chunks(batch.batch_id, 1, 10) == [second]
    assert batches.chunks(batch.batch_id, 0, 1) == [first]
    assert batches.get("unknown") is None


def test_results_are_recorded_and_counted_by_chunk(batches: Batches, batch: Batch) -> None:
    ready(batches, batch)
    assert batches.counts(batch.batch_id) == []

    batches.record(batch.batch_id, 0, [ACCEPTED, REFUSED])
    batches.record(batch.batch_id, 0, [ACCEPTED, REFUSED, ACCEPTED])
    batches.record(batch.batch_id, 1, [REFUSED])

    chunk = batches.chunk(batch.batch_id, 0)
    assert chunk is not None
    assert chunk.results == (ACCEPTED, REFUSED, ACCEPTED)
    assert [chunk.results for chunk in batches.chunks(batch.batch_id, 0, 10)] == [
        (ACCEPTED, REFUSED, ACCEPTED),
        (REFUSED,),
    ]
    counts = sorted(batches.counts(batch.batch_id), key=lambda counted: counted.number)
    assert counts == [ChunkCounts(0, 2, 1), ChunkCounts(1, 0, 1)]


def test_a_batch_moves_only_from_the_states_that_are_named(batches: Batches, batch: Batch) -> None:
    made = ready(batches, batch)
    batches.begin(batch.batch_id, NOW)
    batches.begin(batch.batch_id, LATER)

    assert batches.move(batch.batch_id, BatchState.PAUSED, [BatchState.RUNNING], at=NOW, due_at=None)
    assert not batches.move(batch.batch_id, BatchState.PAUSED, [BatchState.RUNNING], at=NOW, due_at=None)
    assert batches.get(batch.batch_id) == replace(made, state=BatchState.PAUSED, started_at=NOW)
    open_states = (BatchState.RUNNING, BatchState.PAUSED)
    assert batches.move(batch.batch_id, BatchState.DONE, open_states, at=LATER, due_at=None)
    done = replace(made, state=BatchState.DONE, started_at=NOW, finished_at=LATER)
    assert batches.get(batch.batch_id) == done
    assert batches.get_many([batch.batch_id, "unknown"]) == [done]
    assert not batches.move("unknown", BatchState.PAUSED, open_states, at=NOW, due_at=None)


def test_a_batch_is_due_at_its_time_until_it_is_postponed(batches: Batches, batch: Batch) -> None:
    ready(batches, batch, "2020-01-01T00:00:00.000Z")

    def due(now: str) -> bool:
        return batch.batch_id in [found.batch_id for found in batches.due(now, 1_000)]

    assert due("2020-01-01T00:00:00.000Z")
    assert not due("2019-12-31T00:00:00.000Z")
    batches.postpone(batch.batch_id, LATER)
    assert not due("2020-01-01T00:00:00.000Z")
    assert due(LATER)
    batches.postpone(batch.batch_id, None)
    assert not due(FAR)


def test_batches_are_listed_newest_first(batches: Batches, new_id: Callable[[], str], batch: Batch) -> None:
    made = [
        replace(batch, batch_id=new_id(), created_at=f"2033-01-01T00:00:0{number // 2}.000Z")
        for number in range(7)
    ]
    for one in made:
        ready(batches, one)
        batches.postpone(one.batch_id, None)

    listed = [item_id for item_id in walked(batches.latest, 2) if item_id in {one.batch_id for one in made}]

    newest_first = sorted(made, key=lambda one: (one.created_at, one.batch_id), reverse=True)
    assert listed == [one.batch_id for one in newest_first]


def test_processes_share_the_slots_of_an_account(
    paces: Callable[[], Pace], new_id: Callable[[], str]
) -> None:
    one, other, account = paces(), paces(), new_id()

    taken = [
        one.take("pigeon", account, 10, 0.1, 100.0),
        other.take("pigeon", account, 10, 0.1, 100.0),
        one.take("pigeon", account, 10, 0.1, 100.5),
        one.take("telex", account, 1, 0.1, 100.5),
    ]

    assert [slots.start for slots in taken] == pytest.approx([100.0, 101.0, 102.0, 100.5])
    assert {slots.wait_s for slots in taken} == {0.0}


def test_who_would_wait_too_long_takes_no_slots(paces: Callable[[], Pace], new_id: Callable[[], str]) -> None:
    one, other, account = paces(), paces(), new_id()
    one.take("pigeon", account, 10, 1.0, 100.0)

    assert other.take("pigeon", account, 1, 1.0, 100.0).wait_s == pytest.approx(10 - MOST_WAIT_S)
    assert one.take("pigeon", account, 1, 1.0, 100.0).wait_s == pytest.approx(10 - MOST_WAIT_S)
    assert other.take("pigeon", account, 1, 1.0, 106.0).start == pytest.approx(110.0)
    assert one.take("pigeon", account, 1, 1.0, 120.0).start == 120.0
