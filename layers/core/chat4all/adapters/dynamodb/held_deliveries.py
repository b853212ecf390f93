"""Held deliveries: one partition for each group's holding queue, and a count for each channel account.

With the count, an account without held deliveries, the common case, costs one read in a second. The count is
raised before a delivery is added, and lowered after a delivery is removed. A process that dies in between
leaves the count too high, which costs reads and loses nothing.

The count has no shards, because each read would have to read all of them. An account's count takes 1,000
writes a second, and no provider takes more than 300 messages a second from an account.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, due_rows
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, deleted, saved, updated
from chat4all.adapters.dynamodb.table_keys import due_key, key
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import HoldingQueue
from chat4all.services.messaging.ports import HOLDING_KNOWN_S

HOLDING_QUEUE: Final = "LINE"
HELD: Final = "ITEM#"


class HoldingQueueRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    channel = UnicodeAttribute()
    account = UnicodeAttribute()
    group = UnicodeAttribute()
    due_key = UnicodeAttribute()
    due_at = UnicodeAttribute()
    version = NumberAttribute()


class HeldDeliveryRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class HeldCountRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    waiting = NumberAttribute(null=True)


class DynamoHeldDeliveries:
    def __init__(
        self, messages_table: str, limits_table: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        bind(messages_table, HoldingQueueRow, HeldDeliveryRow, DueRow)
        bind(limits_table, HeldCountRow)
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}
        self._lock = threading.Lock()

    @answering
    def any(self, channel: str, account: str) -> bool:
        with self._lock:
            at, found = self._known.get((channel, account), (float("-inf"), False))
            now = self._monotonic()
            if now - at >= HOLDING_KNOWN_S:
                found = _held_count(channel, account) > 0
                self._known[channel, account] = now, found
            return found

    @answering
    def head(self, channel: str, account: str, group: str) -> str | None:
        rows = HeldDeliveryRow.query(
            _partition(channel, account, group),
            HeldDeliveryRow.record.startswith(HELD),
            limit=1,
            consistent_read=True,
        )
        first = next(iter(rows), None)
        return first.record.removeprefix(HELD) if first is not None else None

    @answering
    def hold(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        channel, account = requested.recipient.channel, requested.recipient.account
        partition = _partition(channel, account, requested.group)
        row = HeldDeliveryRow(partition, HELD + requested.place, body=msgspec.json.encode(requested).decode())
        _add_to_count(channel, account, 1)
        if not saved(row, HeldDeliveryRow.partition.does_not_exist()):
            _add_to_count(channel, account, -1)
        # After the delivery's row: a process that closes an empty queue by its former version has not seen
        # that row.
        actions: list[Action] = [
            HoldingQueueRow.channel.set(channel),
            HoldingQueueRow.account.set(account),
            HoldingQueueRow.group.set(requested.group),
            HoldingQueueRow.due_key.set(due_key(HOLDING_QUEUE, requested.conversation_id)),
            HoldingQueueRow.due_at.set(due_at if first else HoldingQueueRow.due_at | due_at),
            HoldingQueueRow.version.add(1),
        ]
        HoldingQueueRow(partition, HOLDING_QUEUE).update(actions)
        with self._lock:
            self._known.pop((channel, account), None)

    @answering
    def remove(self, requested: DeliveryRequested) -> None:
        channel, account = requested.recipient.channel, requested.recipient.account
        row = HeldDeliveryRow(_partition(channel, account, requested.group), HELD + requested.place)
        if deleted(row, HeldDeliveryRow.partition.exists()):
            _add_to_count(channel, account, -1)

    @answering
    def due(self, now: str, limit: int) -> list[HoldingQueue]:
        found = (
            HoldingQueue(row.channel, row.account, row.group, row.due_at, int(row.version))
            for row in due_rows(HoldingQueueRow, HOLDING_QUEUE, now, limit)
        )
        return sorted(found, key=lambda queue: queue.due_at)

    @answering
    def postpone(self, holding_queue: HoldingQueue, due_at: str) -> bool:
        row = HoldingQueueRow(_partition_of(holding_queue), HOLDING_QUEUE)
        return updated(
            row, [HoldingQueueRow.due_at.set(due_at)], HoldingQueueRow.due_at == holding_queue.due_at
        )

    @answering
    def first_held(self, holding_queue: HoldingQueue, limit: int) -> list[DeliveryRequested]:
        rows = HeldDeliveryRow.query(
            _partition_of(holding_queue),
            HeldDeliveryRow.record.startswith(HELD),
            limit=limit,
            consistent_read=True,
        )
        return [msgspec.json.decode(row.body, type=DeliveryRequested) for row in rows]

    @answering
    def close(self, holding_queue: HoldingQueue) -> None:
        row = HoldingQueueRow(_partition_of(holding_queue), HOLDING_QUEUE)
        deleted(row, HoldingQueueRow.version == holding_queue.version)


def _partition(channel: str, account: str, group: str) -> str:
    return key(HOLDING_QUEUE, channel, account, group)


def _partition_of(holding_queue: HoldingQueue) -> str:
    return _partition(holding_queue.channel, holding_queue.account, holding_queue.group)


def _add_to_count(channel: str, account: str, by: int) -> None:
    HeldCountRow(_count_key(channel, account)).update([HeldCountRow.waiting.add(by)])


def _count_key(channel: str, account: str) -> str:
    return key("waiting", channel, account)


def _held_count(channel: str, account: str) -> int:
    try:
        return int(HeldCountRow.get(_count_key(channel, account), consistent_read=True).waiting or 0)
    except HeldCountRow.DoesNotExist:
        return 0
