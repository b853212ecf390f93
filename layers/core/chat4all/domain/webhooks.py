"""Stored webhooks."""

import msgspec


class StoredWebhook(msgspec.Struct, frozen=True):
    """A webhook as the provider sent it, and the channel account that received it."""

    webhook_id: str
    channel: str
    account: str
    body: bytes
    received_at: str
    expires_at: int
    """Epoch seconds."""
    query: str = ""
    """The query string of the address that the provider called."""


class Arrivals(msgspec.Struct, frozen=True):
    """The webhooks that arrived between two times, both included; ISO 8601 UTC. None: no limit."""

    channels: tuple[str, ...]
    since: str | None = None
    until: str | None = None
