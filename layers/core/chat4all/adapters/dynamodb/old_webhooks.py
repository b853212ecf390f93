"""What retention deletes of the table `webhooks` and its bucket: raw webhooks, hour by hour, oldest first."""

from collections.abc import Callable
from typing import Final

from chat4all.adapters.dynamodb.listed_webhooks import OUTCOME_SHARDS, ListedRow
from chat4all.adapters.dynamodb.rows import answering, bind
from chat4all.adapters.dynamodb.table_keys import key, shards_of
from chat4all.adapters.dynamodb.webhooks import ARRIVAL_SHARDS, WebhookRow
from chat4all.domain.webhooks import WebhookOutcome

_HOUR: Final = len("2026-01-31T12")


class DynamoOldWebhooks:
    def __init__(self, table_name: str, delete_body: Callable[[str], None]) -> None:
        """`delete_body` deletes the object of a webhook that is too large for a row."""
        bind(table_name, WebhookRow, ListedRow)
        self._delete_body = delete_body

    @answering
    def delete_hour(self, channel: str, before: str) -> int | None:
        hours = key(channel, "hours")
        found = next(iter(WebhookRow.query(hours, WebhookRow.record < before[:_HOUR], limit=1)), None)
        if found is None:
            return None
        hour, _, account = found.record.partition("#")
        count = sum(map(self._delete_all, shards_of(f"{channel}#{account}#{hour}", ARRIVAL_SHARDS)))
        for outcome in WebhookOutcome:
            for shard in shards_of(f"{channel}#{outcome.value}", OUTCOME_SHARDS):
                for row in ListedRow.query(shard, ListedRow.record < before):
                    row.delete()
        found.delete()
        return count

    def _delete_all(self, shard: str) -> int:
        rows = WebhookRow.query(shard, attributes_to_get=["partition", "record", "object_key"])
        count = 0
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last number counts
            if row.object_key:
                self._delete_body(row.object_key)
            row.delete()
        return count
