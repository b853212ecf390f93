"""The fallbacks of recipients, stored beside their message. One writer at a time moves a fallback on."""

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.message_rows import DueRow, due_rows
from chat4all.adapters.dynamodb.rows import StructsAttribute, TableSettings, answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import FALLBACK, due_key, key
from chat4all.domain.events import MessageAccepted
from chat4all.domain.plan import Skipped
from chat4all.domain.waiting import Fallback


class FallbackRow(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    event_json = UnicodeAttribute()
    position = NumberAttribute()
    routed = BooleanAttribute()
    skipped = StructsAttribute(Skipped, null=True)
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)


class DynamoFallbacks:
    def __init__(self, table_name: str) -> None:
        bind(table_name, FallbackRow, DueRow)

    @answering
    def begin(self, event: MessageAccepted, due_at: str) -> Fallback:
        row = _empty(event)
        row.event_json, row.position, row.routed = msgspec.json.encode(event).decode(), 0, False
        row.due_key, row.due_at = due_key(FALLBACK, event.message_id), due_at
        if saved(row, FallbackRow.partition.does_not_exist()):
            return _fallback(row)
        return self.get(event.message_id, event.recipients[0].user_id) or _fallback(row)

    @answering
    def get(self, message_id: str, user_id: str) -> Fallback | None:
        try:
            return _fallback(FallbackRow.get(key(message_id), f"{FALLBACK}#{user_id}", consistent_read=True))
        except FallbackRow.DoesNotExist:
            return None

    @answering
    def routed(self, fallback: Fallback, due_at: str | None) -> None:
        if fallback.routed:
            return
        actions = [FallbackRow.routed.set(True), *_due(fallback, due_at)]
        unrouted = FallbackRow.routed == False  # noqa: E712 - pynamodb builds the condition from ==
        updated(_empty(fallback.event), actions, (FallbackRow.position == fallback.position) & unrouted)

    @answering
    def step(self, fallback: Fallback, due_at: str) -> Fallback | None:
        row = _empty(fallback.event)
        actions = [
            FallbackRow.position.set(fallback.position + 1),
            FallbackRow.routed.set(False),
            *_due(fallback, due_at),
        ]
        return _fallback(row) if updated(row, actions, FallbackRow.position == fallback.position) else None

    @answering
    def skip(self, fallback: Fallback, skipped: Skipped, due_at: str) -> Fallback | None:
        row = _empty(fallback.event)
        following = fallback.position + 1 if fallback.recipient.fallbacks else fallback.position
        actions = [
            FallbackRow.position.set(following),
            FallbackRow.skipped.set((*fallback.skipped, skipped)),
            *_due(fallback, due_at),
        ]
        unrouted = FallbackRow.routed == False  # noqa: E712 - pynamodb builds the condition from ==
        is_there = (FallbackRow.position == fallback.position) & unrouted
        return _fallback(row) if updated(row, actions, is_there) else None

    @answering
    def of_message(self, message_id: str) -> list[Fallback]:
        rows = FallbackRow.query(key(message_id), FallbackRow.record.startswith(f"{FALLBACK}#"))
        return [_fallback(row) for row in rows]

    @answering
    def due(self, now: str, limit: int) -> list[Fallback]:
        return sorted(
            map(_fallback, due_rows(FallbackRow, FALLBACK, now, limit)),
            key=lambda fallback: (fallback.event.conversation_id, fallback.event.sequence),
        )

    @answering
    def postpone(self, fallback: Fallback, due_at: str | None) -> bool:
        return updated(_empty(fallback.event), _due(fallback, due_at), _unchanged(fallback))


def _empty(event: MessageAccepted) -> FallbackRow:
    return FallbackRow(key(event.message_id), f"{FALLBACK}#{event.recipients[0].user_id}")


def _due(fallback: Fallback, due_at: str | None) -> list[Action]:
    if due_at is None:
        return [FallbackRow.due_key.remove(), FallbackRow.due_at.remove()]
    shard = due_key(FALLBACK, fallback.event.message_id)
    return [FallbackRow.due_key.set(shard), FallbackRow.due_at.set(due_at)]


def _unchanged(fallback: Fallback) -> Condition:
    same: Condition = (FallbackRow.position == fallback.position) & (FallbackRow.due_at == fallback.due_at)
    return same


def _fallback(row: FallbackRow) -> Fallback:
    event = msgspec.json.decode(row.event_json, type=MessageAccepted)
    return Fallback(event, int(row.position), row.due_at, bool(row.routed), row.skipped or ())
