"""Dead letters: the FAILED deliveries and messages of the messages table, and the dead records of queues."""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from typing import Final

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import (
    DELIVERY,
    STATE,
    DueRow,
    delivery_id_of,
    delivery_record,
    due_keys,
    history_of,
)
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import (
    DEAD_SHARDS,
    NO_CHANNEL,
    dead_key,
    due_key,
    key,
    name_of,
    shards_of,
)
from chat4all.domain.dead_letters import DeadLetter, DeadLetterKind, DeadRecord
from chat4all.domain.delivery_id import DeliveryId

RECORD: Final = "RECORD"
_PREFIX: Final = "RECORD#"


class ByDeadLetter(GlobalSecondaryIndex["DeadRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-dead-letter"
        projection = KeysOnlyProjection()

    dead_key = UnicodeAttribute(hash_key=True)
    dead_order = UnicodeAttribute(range_key=True)


class DeadRow(Model):
    """The attributes of a delivery, a message's state or a queue record that a dead letter shows."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    dead_key = UnicodeAttribute(null=True)
    dead_order = UnicodeAttribute(null=True)
    conversation_id = UnicodeAttribute(null=True)
    message_sequence = UnicodeAttribute(null=True)
    attempts = NumberAttribute(null=True)
    status_history: ListAttribute[UnicodeAttribute] = ListAttribute(of=UnicodeAttribute, null=True)
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    group = UnicodeAttribute(null=True)
    body = UnicodeAttribute(null=True)
    kept_at = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    by_dead_letter = ByDeadLetter()


class DynamoDeadLetters:
    def __init__(self, table_name: str, channels: Iterable[str]) -> None:
        bind(table_name, DeadRow, DueRow)
        self._listed = (*channels, NO_CHANNEL, RECORD)

    @answering
    def get(self, dead_letter_id: str) -> DeadLetter | None:
        try:
            row = DeadRow.get(*_keys(dead_letter_id), consistent_read=True)
        except DeadRow.DoesNotExist:
            return None
        return _letter(row) if row.dead_order else None

    @answering
    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        listed = self._listed if channel is None else (channel,)
        shards = [shard for name in listed for shard in shards_of(name, DEAD_SHARDS)]
        entries = heapq.merge(*(_entries(shard, after, limit) for shard in shards))
        found: list[DeadLetter] = []
        # The index lags behind the table: a dead letter that was redriven a moment ago is skipped.
        while len(found) < limit and (keys := _keys_of(itertools.islice(entries, limit - len(found)))):
            rows = DeadRow.batch_get(keys, consistent_read=True)
            found += sorted(
                (_letter(row) for row in rows if row.dead_order), key=lambda letter: letter.sort_key
            )
        return found

    @answering
    def keep(self, record: DeadRecord) -> None:
        row = DeadRow(
            key(_PREFIX + record.record_id),
            RECORD,
            dead_key=dead_key(RECORD, record.source),
            dead_order=f"~{record.source}#{record.at}#{record.record_id}",
            source=record.source,
            group=record.group,
            body=record.body,
            kept_at=record.at,
            error_code="NOT_HANDLED",
            error_reason=(
                f"The queue {record.source} gave out the record again and again, "
                "and no function could handle it."
            ),
        )
        saved(row, DeadRow.partition.does_not_exist())

    @answering
    def send_back(self, letter: DeadLetter, at: str) -> None:
        row = DeadRow(*_keys(letter.dead_letter_id))
        due = [DeadRow.due_key.set(due_key(RECORD, row.partition)), DeadRow.due_at.set(at)]
        listed = [DeadRow.dead_key.remove(), DeadRow.dead_order.remove()]
        updated(row, [*due, *listed], DeadRow.partition.exists())

    @answering
    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]:
        due = due_keys(RECORD, now, limit)
        rows = list(DeadRow.batch_get(due, consistent_read=True)) if due else []
        return sorted(
            (_record(row) for row in rows), key=lambda record: (record.source, record.at, record.record_id)
        )

    @answering
    def forget(self, record: DeadRecord) -> None:
        DeadRow(key(_PREFIX + record.record_id), RECORD).delete()


def _entries(shard: str, after: str | None, limit: int) -> Iterator[tuple[str, str, str]]:
    span = DeadRow.dead_order > after if after is not None else None
    rows = DeadRow.by_dead_letter.query(shard, span, page_size=limit)
    return ((str(row.dead_order), row.partition, row.record) for row in rows)


def _keys_of(entries: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(partition, record) for _, partition, record in entries]


def _keys(dead_letter_id: str) -> tuple[str, str]:
    named = DeliveryId.parse(dead_letter_id)
    if named is not None:
        return key(named.message_id), delivery_record(named)
    return key(dead_letter_id), RECORD if dead_letter_id.startswith(_PREFIX) else STATE


def _letter(row: DeadRow) -> DeadLetter:
    history = history_of(row.status_history)
    delivery_id = delivery_id_of(row.partition, row.record) if row.record.startswith(DELIVERY) else None
    is_record = row.record == RECORD
    name = name_of(row.partition)
    kind = DeadLetterKind.DELIVERY if delivery_id else DeadLetterKind.MESSAGE
    return DeadLetter(
        dead_letter_id=str(delivery_id) if delivery_id else f"{_PREFIX if is_record else ''}{name}",
        kind=DeadLetterKind.RECORD if is_record else kind,
        error_code=row.error_code or "UNKNOWN",
        error_reason=row.error_reason or "",
        failed_at=history[-1].at if history else row.kept_at or "",
        sort_key=row.dead_order or "",
        message_id=None if is_record else name,
        conversation_id=row.conversation_id,
        sequence=row.message_sequence,
        recipient_id=delivery_id.recipient_id if delivery_id else None,
        channel=delivery_id.channel if delivery_id else None,
        attempts=int(row.attempts) if delivery_id else None,
        source=row.source,
    )


def _record(row: DeadRow) -> DeadRecord:
    return DeadRecord(
        name_of(row.partition), row.source or "", row.group or "", row.body or "", row.kept_at or ""
    )
