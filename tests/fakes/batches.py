"""Batches, their queue and their pace in memory."""

from collections.abc import Collection, Sequence

import msgspec
from msgspec.structs import replace

from chat4all.domain.batches import (
    Batch,
    BatchState,
    BatchWork,
    Chunk,
    ChunkCounts,
    RecipientOutcome,
    Result,
)
from chat4all.domain.pacing import Slots, slots_at
from chat4all.domain.pages import TimeCursor
from tests.fakes.conversations import newest_first
from tests.fakes.fifo import FifoQueue


class MemoryBatches:
    def __init__(self) -> None:
        self.batches: dict[str, Batch] = {}
        self.due_at: dict[str, str] = {}
        self._chunks: dict[tuple[str, int], Chunk] = {}

    def add(self, batch: Batch) -> Batch | None:
        stored = self.batches.get(batch.batch_id)
        if stored is None:
            self.batches[batch.batch_id] = batch
        return stored

    def add_chunks(self, batch_id: str, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            known = self._chunks.get((batch_id, chunk.number))
            self._chunks[batch_id, chunk.number] = replace(chunk, results=known.results if known else ())

    def make_ready(self, batch: Batch, due_at: str) -> None:
        if not self.batches[batch.batch_id].is_ready:
            self._change(batch.batch_id, due_at, is_ready=True)

    def get(self, batch_id: str) -> Batch | None:
        return self.batches.get(batch_id)

    def get_many(self, batch_ids: Sequence[str]) -> list[Batch]:
        found = (self.batches.get(batch_id) for batch_id in dict.fromkeys(batch_ids))
        return [batch for batch in found if batch is not None]

    def begin(self, batch_id: str, at: str) -> None:
        batch = self.batches[batch_id]
        if batch.started_at is None:
            self.batches[batch_id] = replace(batch, started_at=at)

    def move(
        self, batch_id: str, state: BatchState, before: Collection[BatchState], *, at: str, due_at: str | None
    ) -> bool:
        batch = self.batches.get(batch_id)
        if batch is None or not batch.is_ready or batch.state not in before:
            return False
        is_final = state in {BatchState.DONE, BatchState.CANCELLED}
        self._change(batch_id, due_at, state=state, finished_at=at if is_final else None)
        return True

    def chunk(self, batch_id: str, number: int) -> Chunk | None:
        return self._chunks.get((batch_id, number))

    def chunks(self, batch_id: str, first: int, limit: int) -> list[Chunk]:
        numbers = range(first, first + limit)
        return [self._chunks[batch_id, number] for number in numbers if (batch_id, number) in self._chunks]

    def record(self, batch_id: str, number: int, results: Sequence[Result]) -> None:
        chunk = self._chunks[batch_id, number]
        self._chunks[batch_id, number] = replace(chunk, results=tuple(results))

    def counts(self, batch_id: str) -> list[ChunkCounts]:
        counts = []
        for (of, number), chunk in self._chunks.items():
            if of == batch_id and chunk.results:
                accepted = sum(result.outcome is RecipientOutcome.ACCEPTED for result in chunk.results)
                counts.append(ChunkCounts(number, accepted, len(chunk.results) - accepted))
        return counts

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        ready = ((batch.created_at, batch.batch_id) for batch in self.batches.values() if batch.is_ready)
        return newest_first(ready, after, limit)

    def due(self, now: str, limit: int) -> list[Batch]:
        due = sorted((at, batch_id) for batch_id, at in self.due_at.items() if at <= now)
        return [self.batches[batch_id] for _, batch_id in due[:limit]]

    def postpone(self, batch_id: str, due_at: str | None) -> None:
        self._change(batch_id, due_at)

    def _change(self, batch_id: str, due_at: str | None, **fields: object) -> None:
        self.batches[batch_id] = replace(self.batches[batch_id], **fields)
        self.due_at.pop(batch_id, None)
        if due_at is not None:
            self.due_at[batch_id] = due_at


class MemoryPace:
    def __init__(self) -> None:
        self.free_at: dict[tuple[str, str], float] = {}

    def take(self, channel: str, account: str, slots: int, interval: float, now: float) -> Slots:
        taken = slots_at(self.free_at.get((channel, account), 0.0), now)
        if not taken.wait_s:
            self.free_at[channel, account] = taken.start + slots * interval
        return taken


class QueuedBatches:
    """A publisher to a FIFO queue of batches."""

    def __init__(self, queue: FifoQueue) -> None:
        self._queue = queue

    def send(self, work: BatchWork) -> None:
        self._queue.send(work.batch_id, work.deduplication_id, msgspec.json.encode(work).decode())
