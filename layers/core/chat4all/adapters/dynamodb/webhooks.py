"""Raw webhooks, by the hash of their bytes. S3 holds the bodies that are too large for a DynamoDB item."""

import heapq
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.message_rows import shard
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, saved
from chat4all.domain.pages import TimeCursor, TimeOrder
from chat4all.domain.webhooks import Arrivals, StoredWebhook

MOST_BYTES: Final = 350_000
"""The largest compressed body in a row; a DynamoDB item holds 400 KB."""
ARRIVAL_SHARDS: Final = 4
_FIRST: Final = "0"
_LAST: Final = "9"
"""Texts that sort before and after every time."""


class LargeBodies(Protocol):
    def put(self, key: str, body: bytes) -> None: ...

    def get(self, key: str) -> bytes | None: ...


class ByArrival(GlobalSecondaryIndex["WebhookRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-arrival"
        projection = KeysOnlyProjection()

    arrival_shard = UnicodeAttribute(hash_key=True)
    received_at = UnicodeAttribute(range_key=True)


class WebhookRow(Model):
    class Meta(TableSettings):
        pass

    webhook_id = UnicodeAttribute(hash_key=True)
    channel = UnicodeAttribute()
    account = UnicodeAttribute()
    arrival_shard = UnicodeAttribute()
    received_at = UnicodeAttribute()
    body = BinaryAttribute(null=True, legacy_encoding=False)
    """The body, compressed by zlib; absent when S3 holds the body under `object_key`."""
    object_key = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    query_string = UnicodeAttribute(null=True)
    by_arrival = ByArrival()


class DynamoWebhooks:
    def __init__(self, table_name: str, large: LargeBodies) -> None:
        bind(table_name, WebhookRow)
        self._large = large

    @answering
    def store(self, webhook: StoredWebhook) -> None:
        row = WebhookRow(
            webhook.webhook_id,
            channel=webhook.channel,
            account=webhook.account,
            arrival_shard=_shard(webhook.channel, shard(webhook.webhook_id, ARRIVAL_SHARDS)),
            received_at=webhook.received_at,
            expires_at=webhook.expires_at,
            query_string=webhook.query or None,
        )
        body = zlib.compress(webhook.body)
        if len(body) <= MOST_BYTES:
            row.body = body
        else:
            row.object_key = f"{webhook.channel}/{webhook.webhook_id}"
            self._large.put(row.object_key, webhook.body)
        saved(row, WebhookRow.webhook_id.does_not_exist())

    @answering
    def get(self, webhook_id: str) -> StoredWebhook | None:
        try:
            row = WebhookRow.get(webhook_id)
        except WebhookRow.DoesNotExist:
            return None
        body = self._large.get(row.object_key) if row.object_key else zlib.decompress(row.body)
        if body is None:
            return None
        return StoredWebhook(
            webhook_id=webhook_id,
            channel=row.channel,
            account=row.account,
            body=body,
            received_at=row.received_at,
            expires_at=int(row.expires_at),
            query=row.query_string or "",
        )

    @answering
    def arrived(
        self, arrivals: Arrivals, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        since = max(arrivals.since or _FIRST, after.at if after else _FIRST)
        until = arrivals.until or _LAST
        if since > until:
            return []
        shards = [
            _shard(channel, number) for channel in arrivals.channels for number in range(ARRIVAL_SHARDS)
        ]
        found = heapq.merge(*(_arrivals(name, since, until, limit) for name in shards))
        return page_of(found, after, limit, TimeOrder.OLDEST_FIRST)


def _shard(channel: str, number: int) -> str:
    return f"{channel}#{number}"


def _arrivals(arrival_shard: str, since: str, until: str, limit: int) -> Iterator[TimeIndexEntry]:
    rows = WebhookRow.by_arrival.query(
        arrival_shard, WebhookRow.received_at.between(since, until), page_size=limit + 1
    )
    return (TimeIndexEntry(row.received_at, row.webhook_id) for row in rows)
