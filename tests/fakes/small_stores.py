"""API keys, webhooks, secrets and limits in memory."""

import threading
from collections.abc import Iterable

import pytest

from chat4all.domain.api_key import ApiKey
from chat4all.domain.breaker import Breaker, KnownBreaker
from chat4all.domain.buckets import take
from chat4all.domain.channel import RateLimit
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import Attachment
from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import Arrivals, StoredWebhook
from chat4all.services.messaging.connector import ChannelSecret

SECRET = ChannelSecret(
    account_id="our-account",
    access_token="our-token",
    webhook_secret="our-webhook-secret",
    verify_token="our-verify-token",
)


class MemoryApiKeys:
    def __init__(self, *keys: ApiKey) -> None:
        self._by_hash = {key.key_hash: key for key in keys}
        self.lookups = 0

    def get(self, key_hash: str) -> ApiKey | None:
        self.lookups += 1
        return self._by_hash.get(key_hash)

    def put(self, key: ApiKey) -> None:
        self._by_hash[key.key_hash] = key


class MemoryWebhooks:
    def __init__(self) -> None:
        self.stored: dict[str, StoredWebhook] = {}
        self.broken = False

    def store(self, webhook: StoredWebhook) -> None:
        if self.broken:
            raise Unavailable("The database did not answer; try again.", retry_after=1)
        self.stored.setdefault(webhook.webhook_id, webhook)

    def get(self, webhook_id: str) -> StoredWebhook | None:
        return self.stored.get(webhook_id)

    def arrived(
        self, arrivals: Arrivals, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        found = sorted(
            (webhook.received_at, webhook.webhook_id)
            for webhook in self.stored.values()
            if webhook.channel in arrivals.channels
            and (arrivals.since or "") <= webhook.received_at <= (arrivals.until or "~")
            and (after is None or (webhook.received_at, webhook.webhook_id) > (after.at, after.item_id))
        )
        return [(TimeCursor(at, webhook_id), webhook_id) for at, webhook_id in found[:limit]]


class MemorySecrets:
    def __init__(self, secret: ChannelSecret = SECRET) -> None:
        self._secret = secret
        self.broken = False
        self.forgotten: list[str] = []

    def forget(self, channel: str) -> None:
        self.forgotten.append(channel)

    def channel(self, channel: str) -> ChannelSecret:
        if self.broken:
            raise Unavailable(f"The secret of {channel} cannot be read.", retry_after=5)
        return self._secret


class MemoryBreakers:
    def __init__(self) -> None:
        self._known: dict[str, KnownBreaker] = {}
        self._lock = threading.Lock()
        self.reads = 0
        self.writes = 0

    def get(self, channel: str) -> KnownBreaker:
        self.reads += 1
        return self._known.get(channel, KnownBreaker(Breaker(), 0))

    def get_many(self, channels: Iterable[str]) -> dict[str, Breaker]:
        return {channel: self.get(channel).breaker for channel in channels}

    def save(self, channel: str, breaker: Breaker, version: int) -> bool:
        with self._lock:
            if self.get(channel).version != version:
                return False
            self.writes += 1
            self._known[channel] = KnownBreaker(breaker, version + 1)
            return True


class NoLimits:
    """A limiter that never makes a message wait."""

    def expect(self, messages: int) -> None: ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        return 0.0


class NotToBeAsked:
    """A limiter that fails the test if tokens are taken."""

    def expect(self, messages: int) -> None: ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        pytest.fail("tokens were taken")


class OneBucket:
    """A limiter with one token bucket for all messages."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._full_at = 0.0
        self._lock = threading.Lock()

    def expect(self, messages: int) -> None: ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        with self._lock:
            taken = take(self._limit, self._full_at, now, 1)
            self._full_at = taken.full_at
            return taken.wait_s
