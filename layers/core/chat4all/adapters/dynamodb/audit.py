"""The audit trail. No role may update or delete an entry; DynamoDB deletes it after seven years."""

import heapq
import math
from collections.abc import Iterator
from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import StringsAttribute, TableSettings, answering, bind, saved
from chat4all.adapters.dynamodb.table_keys import key, name_of, shard, shards_of
from chat4all.domain.audit import KEPT_FOR, AuditAction, AuditEntry, AuditQuery
from chat4all.domain.clock import parse_iso
from chat4all.domain.pages import TimeCursor

SHARDS: Final = 4
"""The shards of each action.

They take 4,000 entries a second. A message makes no entry: only a refused file and an operator's request do.

The key has no day: all entries of the present would share a day anyway, and a page of a quiet trail would
need a query for each of 2,557 days.
"""
_FIRST: Final = "0"
_LAST: Final = ":"
"""Texts that sort before and after every time."""


class ByTime(GlobalSecondaryIndex["AuditRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-time"
        projection = AllProjection()

    action_key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class AuditRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    action_key = UnicodeAttribute()
    at = UnicodeAttribute()
    action = UnicodeAttribute()
    subject = UnicodeAttribute()
    actor = UnicodeAttribute()
    details = StringsAttribute()
    expires_at = NumberAttribute()
    """Epoch seconds."""
    by_time = ByTime()


class DynamoAudit:
    def __init__(self, table_name: str) -> None:
        bind(table_name, AuditRow)

    @answering
    def record(self, entry: AuditEntry) -> None:
        saved(row_of(entry), AuditRow.entry_id.does_not_exist())

    @answering
    def listing(self, query: AuditQuery, after: TimeCursor | None, limit: int) -> list[AuditEntry]:
        since = query.since or _FIRST
        until = min(query.until or _LAST, after.at if after else _LAST)
        if since > until:
            return []
        rows: dict[str, AuditRow] = {}

        def entries(action_key: str) -> Iterator[TimeIndexEntry]:
            for row in _newest_first(action_key, since, until, limit):
                entry_id = name_of(row.entry_id)
                rows[entry_id] = row
                yield TimeIndexEntry(row.at, entry_id)

        by_shard = [
            entries(action_key) for action in query.actions for action_key in shards_of(action.value, SHARDS)
        ]
        merged = heapq.merge(*by_shard, key=lambda entry: entry.at, reverse=True)
        return [_entry(rows[entry_id]) for _, entry_id in page_of(merged, after, limit)]


def row_of(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        key(entry.entry_id),
        action_key=key(entry.action.value, str(shard(entry.entry_id, SHARDS))),
        at=entry.at,
        action=entry.action.value,
        subject=entry.subject,
        actor=entry.actor,
        details=entry.details,
        expires_at=math.ceil((parse_iso(entry.at) + KEPT_FOR).timestamp()),
    )


def _newest_first(action_key: str, since: str, until: str, limit: int) -> Iterator[AuditRow]:
    return AuditRow.by_time.query(
        action_key, AuditRow.at.between(since, until), scan_index_forward=False, page_size=limit + 1
    )


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        name_of(row.entry_id), row.at, AuditAction(row.action), row.subject, row.actor, row.details
    )
