"""Pause, resume and cancel a batch, read it, and begin the work of batches whose time has come."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.batches import (
    CHUNK,
    Batch,
    BatchRecipient,
    BatchState,
    BatchWork,
    Chunk,
    RecipientOutcome,
    Result,
)
from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.errors import BatchNotFound, BatchOver, Detail
from chat4all.domain.message import Message
from chat4all.domain.pages import BatchCursor, Page, TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.waiting import BATCH
from chat4all.services.batches.create_batch import WATCHED, is_begun_later
from chat4all.services.batches.ports import Batches, BatchQueue
from chat4all.services.messaging.ports import Messages

_PENDING: Final = Result(RecipientOutcome.PENDING)
_CHUNKS: Final = 10
"""The chunks that are read at once."""
_Entry = tuple[int, BatchRecipient, Result]
"""A recipient's place in the batch, the recipient, and what has become of them."""


class BatchProgress(msgspec.Struct, frozen=True):
    """A batch with the numbers of its recipients by outcome."""

    batch: Batch
    accepted: int
    refused: int
    estimated_finish_at: str | None
    """When the batch is done at the speed that it had so far; None unless it is running and has begun."""

    @property
    def pending(self) -> int:
        return self.batch.total - self.accepted - self.refused


class RecipientProgress(msgspec.Struct, frozen=True):
    """A recipient of a batch: its place in the request, its message, and what has become of it."""

    index: int
    recipient: BatchRecipient
    message_id: str
    result: Result
    message: Message | None
    """The message, if it was accepted."""


class ControlBatch:
    def __init__(self, batches: Batches, queue: BatchQueue, messages: Messages, clock: Clock) -> None:
        self._batches = batches
        self._queue = queue
        self._messages = messages
        self._clock = clock

    def pause(self, batch_id: str) -> BatchProgress:
        """Pause the batch within seconds; raises BatchNotFound, and BatchOver if it has ended."""
        return self._moved(batch_id, BatchState.PAUSED, (BatchState.RUNNING,), None)

    def resume(self, batch_id: str) -> BatchProgress:
        """Resume the batch; raises BatchNotFound, and BatchOver if it has ended."""
        now = self._clock()
        batch = self._known(batch_id)
        begins_later = is_begun_later(batch, now)
        due_at = batch.send_at if begins_later else iso(now + WATCHED)
        progress = self._moved(batch_id, BatchState.RUNNING, (BatchState.PAUSED,), due_at)
        if not begins_later:
            self._queue.send(BatchWork(batch_id, at=iso(now)))
        return progress

    def cancel(self, batch_id: str) -> BatchProgress:
        """Cancel the batch: no further message is accepted.

        Raises BatchNotFound, and BatchOver if all messages are handled.
        """
        return self._moved(batch_id, BatchState.CANCELLED, (BatchState.RUNNING, BatchState.PAUSED), None)

    def progress(self, batch_id: str) -> BatchProgress:
        """Return the batch and its counts; raises BatchNotFound."""
        return self._progress(self._known(batch_id))

    def listing(self, cursor: str | None, limit: int) -> Page[Batch]:
        """List the batches, the latest created first."""
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._batches.latest(after, limit + 1)
        by_id = {
            batch.batch_id: batch
            for batch in self._batches.get_many([batch_id for _, batch_id in found[:limit]])
        }
        items = tuple(by_id[batch_id] for _, batch_id in found[:limit] if batch_id in by_id)
        return Page(items, encode_cursor(found[limit - 1][0]) if len(found) > limit else None)

    def recipients(
        self, batch_id: str, outcome: RecipientOutcome | None, cursor: str | None, limit: int
    ) -> Page[RecipientProgress]:
        """List the recipients in the order of the request, or those with this outcome.

        Raises BatchNotFound.
        """
        batch = self._known(batch_id)
        first = decode_cursor(cursor, BatchCursor).after + 1 if cursor is not None else 0
        found: list[_Entry] = []
        for number in range(first // CHUNK, batch.chunk_count, _CHUNKS):
            for chunk in self._batches.chunks(batch_id, number, _CHUNKS):
                found += [
                    entry
                    for entry in _results_of(chunk)
                    if entry[0] >= first and outcome in {None, entry[2].outcome}
                ]
            if len(found) > limit:
                break
        items = self._with_messages(batch, found[:limit])
        return Page(items, encode_cursor(BatchCursor(found[limit - 1][0])) if len(found) > limit else None)

    def _with_messages(self, batch: Batch, found: list[_Entry]) -> tuple[RecipientProgress, ...]:
        ids = {index: batch.message_id(recipient) for index, recipient, _ in found}
        accepted = [ids[index] for index, _, result in found if result.outcome is RecipientOutcome.ACCEPTED]
        messages = {message.message_id: message for message in self._messages.get_many(accepted)}
        return tuple(
            RecipientProgress(index, recipient, ids[index], result, messages.get(ids[index]))
            for index, recipient, result in found
        )

    def _moved(
        self, batch_id: str, state: BatchState, before: Collection[BatchState], due_at: str | None
    ) -> BatchProgress:
        self._batches.move(batch_id, state, before, at=iso(self._clock()), due_at=due_at)
        batch = self._known(batch_id)
        if batch.state is not state:
            raise BatchOver(
                f"The batch is {batch.state}.", Detail("batch_id", f"is {batch.state}, which is final")
            )
        return self._progress(batch)

    def _known(self, batch_id: str) -> Batch:
        batch = self._batches.get(batch_id)
        if batch is None or not batch.is_ready or batch.is_over:
            raise BatchNotFound("There is no such batch.")
        return batch

    def _progress(self, batch: Batch) -> BatchProgress:
        counts = self._batches.counts(batch.batch_id)
        accepted = sum(chunk.accepted for chunk in counts)
        refused = sum(chunk.refused for chunk in counts)
        return BatchProgress(batch, accepted, refused, self._estimate(batch, accepted + refused))

    def _estimate(self, batch: Batch, handled: int) -> str | None:
        if batch.state is not BatchState.RUNNING or batch.started_at is None or not handled:
            return None
        now = self._clock()
        each = max(now - parse_iso(batch.started_at), timedelta()) / handled
        return iso(now + each * (batch.total - handled))


def _results_of(chunk: Chunk) -> list[_Entry]:
    left = len(chunk.recipients) - len(chunk.results)
    results = (*chunk.results, *[_PENDING] * left)
    first = chunk.number * CHUNK
    return [
        (first + place, recipient, result)
        for place, (recipient, result) in enumerate(zip(chunk.recipients, results, strict=True))
    ]


class WakeBatches:
    """A job: begin the batches whose time has come, and begin anew the running batches from time to time."""

    def __init__(self, batches: Batches, queue: BatchQueue) -> None:
        self._batches = batches
        self._queue = queue

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._batches.due(iso(now), BATCH)
        for batch in due:
            is_running = batch.state is BatchState.RUNNING
            if is_running:
                self._queue.send(BatchWork(batch.batch_id, at=iso(now)))
            self._batches.postpone(batch.batch_id, iso(now + WATCHED) if is_running else None)
        return Counter(BatchesWoken=len(due)) if due else Counter()
