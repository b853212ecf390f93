"""Batches: a row for each, and in the same partition its recipients and their results, 100 in a row.

The recipients are written once, and their results beside them, so that the counts of a batch are read without
its recipients. Both are JSON, compressed by zlib: 100 recipients with a name each are about 3 KB. A row of
that size costs less than an object in S3, which would need a bucket, a lifecycle and rights besides.
No row counts for the whole batch.
"""

import heapq
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.message_rows import DueRow, StateRow, due_rows
from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import (
    BATCH,
    BATCH_SHARDS,
    due_key,
    key,
    name_of,
    shard,
    shards_of,
)
from chat4all.domain.batches import (
    Batch,
    BatchRecipient,
    BatchState,
    Chunk,
    ChunkCounts,
    RecipientOutcome,
    Result,
)
from chat4all.domain.pages import TimeCursor

_CHUNK: Final = "CHUNK#"
_RESULT: Final = "RESULT#"
_FINAL: Final = frozenset({BatchState.DONE, BatchState.CANCELLED})


class BatchRow(Model):
    """A batch. `batch` is as it was created; the other attributes change."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=BATCH)
    batch = StructAttribute[Batch](Batch)
    state = UnicodeAttribute()
    is_ready = BooleanAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    listing_key = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class ChunkRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    recipients = BinaryAttribute(legacy_encoding=False)


class ResultRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    accepted = NumberAttribute()
    refused = NumberAttribute()
    results = BinaryAttribute(legacy_encoding=False)


class DynamoBatches:
    def __init__(self, table_name: str) -> None:
        bind(table_name, BatchRow, ChunkRow, ResultRow, DueRow, StateRow)

    @answering
    def add(self, batch: Batch) -> Batch | None:
        row = BatchRow(_partition(batch.batch_id), BATCH, batch=batch, state=batch.state.value)
        return None if saved(row, BatchRow.partition.does_not_exist()) else self._get(batch.batch_id)

    @answering
    def add_chunks(self, batch_id: str, chunks: Sequence[Chunk]) -> None:
        with ChunkRow.batch_write() as rows:
            for chunk in chunks:
                packed = _packed(chunk.recipients)
                rows.save(ChunkRow(_partition(batch_id), _numbered(_CHUNK, chunk.number), recipients=packed))

    @answering
    def make_ready(self, batch: Batch, due_at: str) -> None:
        listed = key(BATCH, str(shard(batch.batch_id, BATCH_SHARDS)))
        actions = [
            BatchRow.is_ready.set(True),
            BatchRow.listing_key.set(listed),
            BatchRow.listed_at.set(batch.created_at),
            *_due(batch.batch_id, due_at),
        ]
        updated(_row(batch.batch_id), actions, BatchRow.is_ready.does_not_exist())

    @answering
    def get(self, batch_id: str) -> Batch | None:
        return self._get(batch_id)

    def _get(self, batch_id: str) -> Batch | None:
        try:
            return _batch_of(BatchRow.get(_partition(batch_id), BATCH, consistent_read=True))
        except BatchRow.DoesNotExist:
            return None

    @answering
    def get_many(self, batch_ids: Sequence[str]) -> list[Batch]:
        keys = [(_partition(batch_id), BATCH) for batch_id in dict.fromkeys(batch_ids)]
        return [_batch_of(row) for row in BatchRow.batch_get(keys)] if keys else []

    @answering
    def begin(self, batch_id: str, at: str) -> None:
        updated(_row(batch_id), [BatchRow.started_at.set(at)], BatchRow.started_at.does_not_exist())

    @answering
    def move(
        self, batch_id: str, state: BatchState, before: Collection[BatchState], *, at: str, due_at: str | None
    ) -> bool:
        actions = [BatchRow.state.set(state.value), *_due(batch_id, due_at)]
        if state in _FINAL:
            actions.append(BatchRow.finished_at.set(at))
        was = BatchRow.state.is_in(*(earlier.value for earlier in before))
        return updated(_row(batch_id), actions, BatchRow.is_ready.exists() & was)

    @answering
    def chunk(self, batch_id: str, number: int) -> Chunk | None:
        try:
            row = ChunkRow.get(_partition(batch_id), _numbered(_CHUNK, number), consistent_read=True)
        except ChunkRow.DoesNotExist:
            return None
        return _chunk_of(row, self._results(batch_id, number))

    def _results(self, batch_id: str, number: int) -> tuple[Result, ...]:
        try:
            row = ResultRow.get(_partition(batch_id), _numbered(_RESULT, number), consistent_read=True)
        except ResultRow.DoesNotExist:
            return ()
        return _results_of(row)

    @answering
    def chunks(self, batch_id: str, first: int, limit: int) -> list[Chunk]:
        last = first + limit - 1
        rows = ChunkRow.query(
            _partition(batch_id),
            ChunkRow.record.between(_numbered(_CHUNK, first), _numbered(_CHUNK, last)),
            consistent_read=True,
        )
        result_rows = ResultRow.query(
            _partition(batch_id),
            ResultRow.record.between(_numbered(_RESULT, first), _numbered(_RESULT, last)),
            consistent_read=True,
        )
        results = {_number_of(row.record): _results_of(row) for row in result_rows}
        return [_chunk_of(row, results.get(_number_of(row.record), ())) for row in rows]

    @answering
    def replace_recipients(self, batch_id: str, number: int, recipients: tuple[BatchRecipient, ...]) -> None:
        row = ChunkRow(_partition(batch_id), _numbered(_CHUNK, number))
        updated(row, [ChunkRow.recipients.set(_packed(recipients))], ChunkRow.partition.exists())

    @answering
    def record(self, batch_id: str, number: int, results: Sequence[Result]) -> None:
        accepted = sum(result.outcome is RecipientOutcome.ACCEPTED for result in results)
        ResultRow(
            _partition(batch_id),
            _numbered(_RESULT, number),
            accepted=accepted,
            refused=len(results) - accepted,
            results=_packed(results),
        ).save()

    @answering
    def counts(self, batch_id: str) -> list[ChunkCounts]:
        rows = ResultRow.query(
            _partition(batch_id), ResultRow.record.startswith(_RESULT), consistent_read=True
        )
        return [ChunkCounts(_number_of(row.record), int(row.accepted), int(row.refused)) for row in rows]

    @answering
    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        upto = StateRow.listed_at <= after.at if after else None
        shards = (_listed(listed, upto, limit) for listed in shards_of(BATCH, BATCH_SHARDS))
        return page_of(heapq.merge(*shards, key=lambda entry: entry.at, reverse=True), after, limit)

    @answering
    def due(self, now: str, limit: int) -> list[Batch]:
        due = due_rows(BatchRow, BATCH, now, limit)
        return [_batch_of(row) for row in sorted(due, key=lambda row: row.due_at)]

    @answering
    def postpone(self, batch_id: str, due_at: str | None) -> None:
        updated(_row(batch_id), _due(batch_id, due_at), BatchRow.partition.exists())


def _partition(batch_id: str) -> str:
    return key(BATCH, batch_id)


def _row(batch_id: str) -> BatchRow:
    return BatchRow(_partition(batch_id), BATCH)


def _due(batch_id: str, due_at: str | None) -> list[Action]:
    if due_at is None:
        return [BatchRow.due_key.remove(), BatchRow.due_at.remove()]
    return [BatchRow.due_key.set(due_key(BATCH, batch_id)), BatchRow.due_at.set(due_at)]


def _listed(listed: str, upto: Condition | None, limit: int) -> Iterator[TimeIndexEntry]:
    rows = StateRow.by_status.query(listed, upto, scan_index_forward=False, page_size=limit + 1)
    return (TimeIndexEntry(row.listed_at or "", name_of(row.partition)) for row in rows)


def _numbered(record: str, number: int) -> str:
    return f"{record}{number:04d}"


def _number_of(record: str) -> int:
    return int(name_of(record))


def _packed(items: Sequence[BatchRecipient] | Sequence[Result]) -> bytes:
    return zlib.compress(msgspec.json.encode(items))


def _chunk_of(row: ChunkRow, results: tuple[Result, ...]) -> Chunk:
    recipients = msgspec.json.decode(zlib.decompress(row.recipients), type=tuple[BatchRecipient, ...])
    return Chunk(_number_of(row.record), recipients, results)


def _results_of(row: ResultRow) -> tuple[Result, ...]:
    return msgspec.json.decode(zlib.decompress(row.results), type=tuple[Result, ...])


def _batch_of(row: BatchRow) -> Batch:
    return replace(
        row.batch,
        state=BatchState(row.state),
        is_ready=bool(row.is_ready),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
