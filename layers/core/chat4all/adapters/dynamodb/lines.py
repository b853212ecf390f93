"""Holding queues of deliveries that wait for long: a partition for each group, and a count for each channel.

With the count, a channel without held deliveries, the common case, costs one read a second. The count is
raised before a delivery is held, and lowered after the delivery left. A process that dies in between leaves
the count too high: that costs reads, but loses no delivery.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, due_keys, due_shard
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, deleted, saved, updated
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import Line
from chat4all.services.messaging.ports import LINES_KNOWN_S

_LINE: Final = "LINE"
_ITEM: Final = "ITEM#"


class LineRow(Model):
    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    channel = UnicodeAttribute()
    group = UnicodeAttribute()
    due_shard = UnicodeAttribute()
    due_at = UnicodeAttribute()
    version = NumberAttribute()


class ItemRow(Model):
    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class CountRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    waiting = NumberAttribute(null=True)


class DynamoLines:
    def __init__(
        self, messages_table: str, limits_table: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        bind(messages_table, LineRow, ItemRow, DueRow)
        bind(limits_table, CountRow)
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, bool]] = {}
        self._lock = threading.Lock()

    @answering
    def any(self, channel: str) -> bool:
        with self._lock:
            at, found = self._known.get(channel, (float("-inf"), False))
            now = self._monotonic()
            if now - at >= LINES_KNOWN_S:
                found = _waiting(channel) > 0
                self._known[channel] = now, found
            return found

    @answering
    def head(self, channel: str, group: str) -> str | None:
        rows = ItemRow.query(
            _line(channel, group), ItemRow.record.startswith(_ITEM), limit=1, consistent_read=True
        )
        first = next(iter(rows), None)
        return first.record.removeprefix(_ITEM) if first is not None else None

    @answering
    def join(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        channel = requested.recipient.channel
        line = _line(channel, requested.group)
        item = ItemRow(line, _ITEM + requested.place, body=msgspec.json.encode(requested).decode())
        _count(channel, 1)
        if not saved(item, ItemRow.message_id.does_not_exist()):
            _count(channel, -1)
        # This write follows the item: a process that closes the empty queue by its former version has not
        # seen the item.
        actions: list[Action] = [
            LineRow.channel.set(channel),
            LineRow.group.set(requested.group),
            LineRow.due_shard.set(due_shard(_LINE, requested.conversation_id)),
            LineRow.due_at.set(due_at if first else LineRow.due_at | due_at),
            LineRow.version.add(1),
        ]
        LineRow(line, _LINE).update(actions)
        with self._lock:
            self._known.pop(channel, None)

    @answering
    def leave(self, requested: DeliveryRequested) -> None:
        channel = requested.recipient.channel
        item = ItemRow(_line(channel, requested.group), _ITEM + requested.place)
        if deleted(item, ItemRow.message_id.exists()):
            _count(channel, -1)

    @answering
    def due(self, now: str, limit: int) -> list[Line]:
        keys = due_keys(_LINE, now, limit)
        rows = LineRow.batch_get(keys, consistent_read=True) if keys else []
        found = [Line(row.channel, row.group, row.due_at, int(row.version)) for row in rows]
        return sorted((line for line in found if line.due_at <= now), key=lambda line: line.due_at)

    @answering
    def postpone(self, line: Line, due_at: str) -> bool:
        row = LineRow(_line(line.channel, line.group), _LINE)
        return updated(row, [LineRow.due_at.set(due_at)], LineRow.due_at == line.due_at)

    @answering
    def waiting(self, line: Line, limit: int) -> list[DeliveryRequested]:
        rows = ItemRow.query(
            _line(line.channel, line.group),
            ItemRow.record.startswith(_ITEM),
            limit=limit,
            consistent_read=True,
        )
        return [msgspec.json.decode(row.body, type=DeliveryRequested) for row in rows]

    @answering
    def close(self, line: Line) -> None:
        row = LineRow(_line(line.channel, line.group), _LINE)
        deleted(row, LineRow.version == line.version)


def _line(channel: str, group: str) -> str:
    return f"{_LINE}#{channel}#{group}"


def _count(channel: str, by: int) -> None:
    CountRow(f"waiting#{channel}").update([CountRow.waiting.add(by)])


def _waiting(channel: str) -> int:
    try:
        return int(CountRow.get(f"waiting#{channel}", consistent_read=True).waiting or 0)
    except CountRow.DoesNotExist:
        return 0
