"""The webhooks that have an outcome, in the table `webhooks` beside the raw webhooks.

A webhook without an outcome has no row here and costs nothing. A row is one write unit, as long as the names
of the kinds are short. The list of a channel and an outcome is divided into shards, because a partition of
DynamoDB takes 1,000 write units a second. A page of all channels reads every shard of every channel.
"""

import heapq
from collections.abc import Iterator
from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import StructAttribute, TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import key, shard
from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import ListedWebhook, OutcomeQuery, WebhookId, WebhookOutcome

OUTCOME_SHARDS: Final = 16
"""A channel whose webhooks are all ignored is listed up to 16,000 times a second."""
_LAST: Final = "~"
"""A text that sorts after every webhook of a time."""


class ListedRow(Model):
    """`partition` holds channel, outcome and shard; `record` is `received_at#account#digest`."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    listed = StructAttribute(ListedWebhook)
    expires_at = NumberAttribute()
    """Epoch seconds."""


class DynamoListedWebhooks:
    def __init__(self, table_name: str) -> None:
        bind(table_name, ListedRow)

    @answering
    def put(self, webhook: ListedWebhook) -> None:
        place = _place(webhook.webhook_id, webhook.outcome)
        ListedRow(*place, listed=webhook, expires_at=webhook.expires_at).save()

    @answering
    def remove(self, webhook_id: WebhookId, outcome: WebhookOutcome) -> None:
        ListedRow(*_place(webhook_id, outcome)).delete()

    @answering
    def listing(self, query: OutcomeQuery, after: TimeCursor | None, limit: int) -> list[ListedWebhook]:
        until = min(query.until, after.at) if after else query.until
        if query.since > until:
            return []
        found: dict[str, ListedWebhook] = {}

        def entries(partition: str) -> Iterator[TimeIndexEntry]:
            for row in _newest_first(partition, query.since, until, limit):
                webhook_id = row.listed.webhook_id
                found[str(webhook_id)] = row.listed
                yield TimeIndexEntry(webhook_id.received_at, str(webhook_id))

        by_shard = [
            entries(_partition(channel, query.outcome, number))
            for channel in query.channels
            for number in range(OUTCOME_SHARDS)
        ]
        merged = heapq.merge(*by_shard, key=lambda entry: entry.at, reverse=True)
        return [found[webhook_id] for _, webhook_id in page_of(merged, after, limit)]


def _partition(channel: str, outcome: WebhookOutcome, number: int) -> str:
    return key(channel, outcome.value, str(number))


def _place(webhook_id: WebhookId, outcome: WebhookOutcome) -> tuple[str, str]:
    number = shard(webhook_id.digest, OUTCOME_SHARDS)
    record = f"{webhook_id.received_at}#{webhook_id.account}#{webhook_id.digest}"
    return _partition(webhook_id.channel, outcome, number), record


def _newest_first(partition: str, since: str, until: str, limit: int) -> Iterator[ListedRow]:
    return ListedRow.query(
        partition,
        ListedRow.record.between(since, f"{until}{_LAST}"),
        scan_index_forward=False,
        page_size=limit + 1,
    )
