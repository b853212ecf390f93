"""Stored webhooks, and those of which a part led to no event."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
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


class WebhookOutcome(StrEnum):
    """Why a webhook is listed.

    IGNORED: the connector read the webhook, and at least one of its parts led to no event. UNREADABLE: its
    body is no webhook of the provider, although the signature is right, or the channel's code failed on it.
    """

    IGNORED = "ignored"
    UNREADABLE = "unreadable"


class ListedWebhook(msgspec.Struct, frozen=True):
    """A stored webhook that operators find by its outcome.

    `ignored` has the number of parts of each kind that led to no event, and `events` the number of events.
    `reason` says why an UNREADABLE webhook could not be read.
    """

    webhook_id: WebhookId
    outcome: WebhookOutcome
    events: int
    ignored: Mapping[str, int]
    reason: str | None
    expires_at: int
    """Epoch seconds; the stored webhook expires at the same time."""


class OutcomeQuery(msgspec.Struct, frozen=True):
    """The webhooks with this outcome that arrived between two times, both included; ISO 8601 UTC."""

    outcome: WebhookOutcome
    channels: tuple[str, ...]
    since: str
    until: str
