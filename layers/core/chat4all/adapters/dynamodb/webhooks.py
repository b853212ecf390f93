"""Raw webhooks, by channel and hour. S3 holds the bodies that are too large for a DynamoDB item.

The webhooks of an account and an hour are divided into shards, because a partition of DynamoDB takes 1,000
write units a second. Each channel has a list of its hours with webhooks. So a replay needs no index: it reads
all shards of the listed hours.
"""

import heapq
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, saved
from chat4all.adapters.dynamodb.table_keys import key, shard, shards_of
from chat4all.domain.pages import TimeCursor, TimeOrder
from chat4all.domain.webhooks import Arrivals, StoredWebhook, WebhookId
from chat4all.services.inbound.ports import Arrived

MOST_BYTES: Final = 350_000
"""The largest compressed body in a row; a DynamoDB item holds 400 KB."""
ARRIVAL_SHARDS: Final = 64
MOST_SHARDS_READ: Final = 1_024
"""A call of `arrived` begins no further hour after so many shards: it must end within 30 seconds."""
_HOUR: Final = len("2026-01-31T12")
_HOUR_S: Final = 3_600
_HOUR_BEGINS: Final = ":00:00.000Z"
_FIRST: Final = "0"
_LAST: Final = "~"
"""Texts that sort before and after every webhook."""


class LargeBodies(Protocol):
    def put(self, key: str, body: bytes) -> None: ...

    def get(self, key: str) -> bytes | None: ...

    def delete(self, key: str) -> None: ...


class WebhookRow(Model):
    """A webhook, or an hour with webhooks.

    `partition` of a webhook holds its channel, account, hour and shard; `record` is `received_at#digest`.
    `partition` of an hour holds its channel; `record` is `hour#account`.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    body = BinaryAttribute(null=True, legacy_encoding=False)
    """The body, compressed by zlib; absent when S3 holds the body under `object_key`."""
    object_key = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    query_string = UnicodeAttribute(null=True)


class DynamoWebhooks:
    def __init__(self, table_name: str, large: LargeBodies) -> None:
        bind(table_name, WebhookRow)
        self._large = large
        self._listed: dict[tuple[str, str], str] = {}
        """The hour that this process listed last, by channel and account."""

    @answering
    def store(self, webhook: StoredWebhook) -> None:
        row = WebhookRow(
            *_place(webhook.webhook_id),
            expires_at=webhook.expires_at,
            query_string=webhook.query or None,
        )
        body = zlib.compress(webhook.body)
        if len(body) <= MOST_BYTES:
            row.body = body
        else:
            row.object_key = f"{webhook.webhook_id.channel}/{webhook.webhook_id.digest}"
            self._large.put(row.object_key, webhook.body)
        self._list_hour(webhook)
        saved(row, WebhookRow.partition.does_not_exist())

    @answering
    def get(self, webhook_id: WebhookId) -> StoredWebhook | None:
        try:
            row = WebhookRow.get(*_place(webhook_id))
        except WebhookRow.DoesNotExist:
            return None
        body = self._large.get(row.object_key) if row.object_key else zlib.decompress(row.body)
        if body is None:
            return None
        return StoredWebhook(webhook_id, body, int(row.expires_at), row.query_string or "")

    @answering
    def remove(self, webhook_id: WebhookId) -> None:
        try:
            row = WebhookRow.get(*_place(webhook_id), attributes_to_get=["partition", "record", "object_key"])
        except WebhookRow.DoesNotExist:
            return
        if row.object_key:
            self._large.delete(row.object_key)
        row.delete()

    @answering
    def arrived(self, arrivals: Arrivals, after: TimeCursor | None, limit: int) -> Arrived:
        since = max(arrivals.since, after.at) if after else arrivals.since
        if since > arrivals.until:
            return _page([], None)
        found: list[tuple[TimeCursor, str]] = []
        shards_read = 0
        for hour, prefixes in _hours(arrivals.channels, since, arrivals.until):
            if shards_read >= MOST_SHARDS_READ:
                return _page(found, TimeCursor(f"{hour}{_HOUR_BEGINS}", _FIRST))
            shards = [shard_key for prefix in prefixes for shard_key in shards_of(prefix, ARRIVAL_SHARDS)]
            entries = heapq.merge(
                *(_entries(shard_key, since, arrivals.until, limit) for shard_key in shards)
            )
            found += page_of(entries, after, limit + 1 - len(found), TimeOrder.OLDEST_FIRST)
            if len(found) > limit:
                return _page(found[:limit], found[limit - 1][0])
            shards_read += len(shards)
        return _page(found, None)

    def _list_hour(self, webhook: StoredWebhook) -> None:
        """List the hour, before this process stores its first webhook of that hour.

        At the turn of an hour, thousands of processes do so at once. A process therefore reads the row first,
        and writes it only if it is missing: a partition takes more reads than writes.
        """
        place = webhook.webhook_id
        hour = place.received_at[:_HOUR]
        if self._listed.get((place.channel, place.account)) == hour:
            return
        item_key = _hours_key(place.channel), f"{hour}#{place.account}"
        if not _exists(*item_key):
            # The row must outlive the hour's last webhook, which arrives up to an hour after this webhook.
            WebhookRow(*item_key, expires_at=webhook.expires_at + _HOUR_S).save()
        self._listed[place.channel, place.account] = hour


def _exists(partition: str, record: str) -> bool:
    try:
        WebhookRow.get(partition, record, attributes_to_get=["record"])
    except WebhookRow.DoesNotExist:
        return False
    return True


def _place(webhook_id: WebhookId) -> tuple[str, str]:
    channel, account, received_at, digest = msgspec.structs.astuple(webhook_id)
    number = shard(digest, ARRIVAL_SHARDS)
    return key(channel, account, received_at[:_HOUR], str(number)), f"{received_at}#{digest}"


def _hours_key(channel: str) -> str:
    return key(channel, "hours")


def _hours(channels: Iterable[str], since: str, until: str) -> Iterator[tuple[str, list[str]]]:
    """Return the listed hours in their order, each with the keys of its webhooks, without the shard."""
    by_hour: defaultdict[str, list[str]] = defaultdict(list)
    for channel in channels:
        rows = WebhookRow.query(
            _hours_key(channel), WebhookRow.record.between(since[:_HOUR], f"{until[:_HOUR]}{_LAST}")
        )
        for row in rows:
            hour, _, account = row.record.partition("#")
            by_hour[hour].append(f"{channel}#{account}#{hour}")
    return iter(sorted(by_hour.items()))


def _entries(shard_key: str, since: str, until: str, limit: int) -> Iterator[TimeIndexEntry]:
    rows = WebhookRow.query(
        shard_key,
        WebhookRow.record.between(since, f"{until}{_LAST}"),
        page_size=limit + 1,
        attributes_to_get=["partition", "record"],
    )
    return (_entry(row) for row in rows)


def _entry(row: WebhookRow) -> TimeIndexEntry:
    _, channel, account, *_ = row.partition.split("#")
    received_at, _, digest = row.record.partition("#")
    return TimeIndexEntry(received_at, str(WebhookId(channel, account, received_at, digest)))


def _page(found: list[tuple[TimeCursor, str]], cursor: TimeCursor | None) -> Arrived:
    parsed = (WebhookId.parse(named) for _, named in found)
    return Arrived(tuple(webhook_id for webhook_id in parsed if webhook_id is not None), cursor)
