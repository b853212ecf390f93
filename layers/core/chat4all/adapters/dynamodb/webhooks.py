"""Raw webhooks, by the hash of their bytes. Those too large for a DynamoDB item go to S3."""

import zlib
from typing import Final, Protocol

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, saved
from chat4all.services.ports import StoredWebhook

MOST_BYTES: Final = 350_000
"""Compressed; a DynamoDB item holds 400 KB."""


class LargeBodies(Protocol):
    def put(self, key: str, body: bytes) -> None: ...


class WebhookRow(Model):
    class Meta(TableSettings):
        pass

    webhook_id = UnicodeAttribute(hash_key=True)
    channel = UnicodeAttribute()
    received_at = UnicodeAttribute()
    body = BinaryAttribute(null=True, legacy_encoding=False)
    """zlib; absent when the body lies in S3 under `object_key`."""
    object_key = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class DynamoWebhooks:
    def __init__(self, table_name: str, large: LargeBodies) -> None:
        bind(table_name, WebhookRow)
        self._large = large

    @answering
    def store(self, webhook: StoredWebhook) -> None:
        row = WebhookRow(
            webhook.webhook_id,
            channel=webhook.channel,
            received_at=webhook.received_at,
            expires_at=webhook.expires_at,
        )
        body = zlib.compress(webhook.body)
        if len(body) <= MOST_BYTES:
            row.body = body
        else:
            row.object_key = f"{webhook.channel}/{webhook.webhook_id}"
            self._large.put(row.object_key, webhook.body)
        saved(row, WebhookRow.webhook_id.does_not_exist())
