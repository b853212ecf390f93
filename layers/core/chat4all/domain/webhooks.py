"""Stored webhooks."""

from datetime import timedelta
from typing import Final

import msgspec

KEEP: Final = timedelta(days=30)
"""How long a webhook is stored."""
SEPARATOR: Final = "|"


class WebhookId(msgspec.Struct, frozen=True):
    """`channel|account|received_at|digest`: the id of a webhook names the place where it is stored.

    `account` is the channel account that received the webhook. `digest` is the SHA-256 of the webhook's
    bytes, in hexadecimal digits.
    """

    channel: str
    account: str
    received_at: str
    digest: str

    def __str__(self) -> str:
        return SEPARATOR.join((self.channel, self.account, self.received_at, self.digest))

    @classmethod
    def parse(cls, text: str) -> "WebhookId | None":
        """Return the id that `text` encodes, or None."""
        fields = text.split(SEPARATOR)
        return cls(*fields) if len(fields) == 4 and all(fields) else None


class StoredWebhook(msgspec.Struct, frozen=True):
    """A webhook as the provider sent it."""

    webhook_id: WebhookId
    body: bytes
    expires_at: int
    """Epoch seconds."""
    query: str = ""
    """The query string of the address that the provider called."""


class Arrivals(msgspec.Struct, frozen=True):
    """The webhooks that arrived between two times, both included; ISO 8601 UTC."""

    channels: tuple[str, ...]
    since: str
    until: str
