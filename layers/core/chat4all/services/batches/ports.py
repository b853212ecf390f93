"""The ports of the use cases of batches. Adapters implement them; tests use fakes of them.

Every method that calls AWS raises `Unavailable` if AWS does not answer.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from chat4all.domain.batches import Batch, BatchState, BatchWork, Chunk, ChunkCounts, Result
from chat4all.domain.pacing import Slots
from chat4all.domain.pages import TimeCursor


class Batches(Protocol):
    def add(self, batch: Batch) -> Batch | None:
        """Store a batch that is not ready, and return None; if its id is taken, return the stored batch."""
        ...

    def add_chunks(self, batch_id: str, chunks: Sequence[Chunk]) -> None: ...

    def make_ready(self, batch: Batch, due_at: str) -> None:
        """List the batch: its chunks are stored. `relay` looks at it at `due_at`."""
        ...

    def get(self, batch_id: str) -> Batch | None: ...

    def get_many(self, batch_ids: Sequence[str]) -> list[Batch]: ...

    def begin(self, batch_id: str, at: str) -> None:
        """Record that the first message is about to be accepted."""
        ...

    def move(
        self, batch_id: str, state: BatchState, before: Collection[BatchState], *, at: str, due_at: str | None
    ) -> bool:
        """Move the batch to `state`; return False unless it was ready and in one of the states `before`.

        `relay` looks at it at `due_at`, if that is given. DONE and CANCELLED are final, at `at`.
        """
        ...

    def chunk(self, batch_id: str, number: int) -> Chunk | None: ...

    def chunks(self, batch_id: str, first: int, limit: int) -> list[Chunk]:
        """Return the chunks from number `first` on, at most `limit`."""
        ...

    def record(self, batch_id: str, number: int, results: Sequence[Result]) -> None:
        """Record the results of the chunk's first recipients, in the place of those that it had."""
        ...

    def counts(self, batch_id: str) -> list[ChunkCounts]:
        """Return the counts of each chunk that has results."""
        ...

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, batch_id) of the batches, the latest created first."""
        ...

    def due(self, now: str, limit: int) -> list[Batch]:
        """Return the batches that `relay` looks at, those that have been due for longest first."""
        ...

    def postpone(self, batch_id: str, due_at: str | None) -> None:
        """Let `relay` look at the batch at `due_at`; None: not any more."""
        ...


class BatchQueue(Protocol):
    def send(self, work: BatchWork) -> None:
        """Put the work at the end of its batch's group. The same work within 5 minutes is there once."""
        ...


class Pace(Protocol):
    def take(self, channel: str, account: str, slots: int, interval: float, now: float) -> Slots:
        """Take slots of the account, `interval` seconds apart, or return the seconds to wait for them."""
        ...


class LogFault(Protocol):
    def __call__(self, what: str, /) -> None:
        """Log the error that is being handled, a fault of ours, and what it met."""
        ...
