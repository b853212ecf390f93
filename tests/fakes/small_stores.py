"""API keys, webhooks, secrets and limits in memory."""

import threading
from collections.abc import Mapping
from datetime import datetime

import pytest

from chat4all.domain.account import ChannelAccount, KnownAccounts
from chat4all.domain.api_key import ApiKey
from chat4all.domain.breaker import Breaker, KnownBreaker
from chat4all.domain.buckets import take
from chat4all.domain.channel import ChannelAccounts, RateLimit
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.files.file import Attachment
from chat4all.domain.pages import TimeCursor
from chat4all.domain.sending import SendError
from chat4all.domain.webhooks import (
    Arrivals,
    ListedWebhook,
    OutcomeQuery,
    StoredWebhook,
    WebhookId,
    WebhookOutcome,
)
from chat4all.services.inbound.ports import Arrived
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import ChannelCredentials

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


class MemoryEchoes:
    def __init__(self) -> None:
        self.parked: dict[tuple[str | None, ...], tuple[str, WebhookEvent]] = {}

    def park(self, received: WebhookEvent, due_at: str, expires_at: int) -> None:
        self.parked[_echo_key(received)] = (due_at, received)

    def due(self, now: str, limit: int) -> list[WebhookEvent]:
        return [received for due_at, received in self.parked.values() if due_at <= now][:limit]

    def unpark(self, received: WebhookEvent) -> None:
        self.parked.pop(_echo_key(received), None)


def _echo_key(received: WebhookEvent) -> tuple[str | None, ...]:
    event = received.event
    edited_at = event.edited_at if isinstance(event, InboundMessage) else None
    return received.channel, received.account, event.provider_message_id, edited_at


class MemoryWebhooks:
    def __init__(self) -> None:
        self.stored: dict[WebhookId, StoredWebhook] = {}
        self.broken = False

    def store(self, webhook: StoredWebhook) -> None:
        if self.broken:
            raise Unavailable("The database did not answer; try again.", retry_after=1)
        self.stored.setdefault(webhook.webhook_id, webhook)

    def get(self, webhook_id: WebhookId) -> StoredWebhook | None:
        return self.stored.get(webhook_id)

    def arrived(self, arrivals: Arrivals, after: TimeCursor | None, limit: int) -> Arrived:
        found = sorted(
            (webhook_id.received_at, str(webhook_id), webhook_id)
            for webhook_id in self.stored
            if webhook_id.channel in arrivals.channels
            and arrivals.since <= webhook_id.received_at <= arrivals.until
            and (after is None or (webhook_id.received_at, str(webhook_id)) > (after.at, after.item_id))
        )
        page = found[:limit]
        cursor = TimeCursor(page[-1][0], page[-1][1]) if len(found) > limit else None
        return Arrived(tuple(webhook_id for _, _, webhook_id in page), cursor)


class MemoryListedWebhooks:
    def __init__(self) -> None:
        self.listed: dict[tuple[WebhookId, WebhookOutcome], ListedWebhook] = {}
        self.broken = False

    def put(self, webhook: ListedWebhook) -> None:
        self._check()
        self.listed[webhook.webhook_id, webhook.outcome] = webhook

    def remove(self, webhook_id: WebhookId, outcome: WebhookOutcome) -> None:
        self._check()
        self.listed.pop((webhook_id, outcome), None)

    def listing(self, query: OutcomeQuery, after: TimeCursor | None, limit: int) -> list[ListedWebhook]:
        self._check()
        found = sorted(
            (webhook.webhook_id.received_at, str(webhook.webhook_id), webhook)
            for webhook in self.listed.values()
            if webhook.outcome is query.outcome
            and webhook.webhook_id.channel in query.channels
            and query.since <= webhook.webhook_id.received_at <= query.until
        )
        before = (after.at, after.item_id) if after else None
        page = [webhook for at, name, webhook in reversed(found) if before is None or (at, name) < before]
        return page[:limit]

    def _check(self) -> None:
        if self.broken:
            raise Unavailable("The database did not answer; try again.", retry_after=1)


class RecordedOutcomes:
    """A log of outcomes that keeps what it is told."""

    def __init__(self) -> None:
        self.webhooks: list[ListedWebhook] = []
        self.unlisted: list[ListedWebhook] = []
        self.faults: list[tuple[ListedWebhook, Exception]] = []

    def taken(self, webhook: ListedWebhook) -> None:
        self.webhooks.append(webhook)

    def failed(self, webhook: ListedWebhook, fault: Exception) -> None:
        self.faults.append((webhook, fault))

    def not_listed(self, webhook: ListedWebhook) -> None:
        self.unlisted.append(webhook)


class MemorySecrets:
    """The credentials of the accounts of every channel; `kept` are the credentials of a minute ago."""

    def __init__(self, secret: ChannelSecret = SECRET, **others: ChannelSecret | None) -> None:
        self.credentials = ChannelCredentials(secret, others)
        self.kept: ChannelCredentials | None = None
        self.dependents: str | None = ""
        self.broken = False
        self.read_anew: list[tuple[str, str]] = []

    def of(self, channel: str, account: str) -> ChannelSecret | SendError:
        return self._read(channel, self.kept or self.credentials).of(account, self.dependents)

    def anew(self, channel: str, account: str) -> ChannelSecret | SendError:
        self.read_anew.append((channel, account))
        self.kept = None
        return self.of(channel, account)

    def every(self, channel: str) -> Mapping[str, ChannelSecret]:
        return self._read(channel, self.kept or self.credentials).every

    def read(self, channel: str) -> ChannelCredentials:
        return self._read(channel, self.credentials)

    def write(self, channel: str, credentials: ChannelCredentials) -> None:
        self.credentials = self._read(channel, credentials)

    def _read(self, channel: str, credentials: ChannelCredentials) -> ChannelCredentials:
        if self.broken:
            raise Unavailable(f"The secret of {channel} cannot be read.", retry_after=5)
        return credentials


class MemoryAccounts:
    """The channel accounts; a claim lasts until it is released or its time is over."""

    def __init__(self) -> None:
        self.known: dict[str, KnownAccounts] = {}
        self.claims: dict[str, tuple[str, datetime]] = {}
        self.reads = 0

    def read(self, channel: str) -> KnownAccounts:
        self.reads += 1
        return self.known.get(channel, KnownAccounts())

    def save(self, channel: str, accounts: Mapping[str, ChannelAccount], version: int) -> bool:
        if self.known.get(channel, KnownAccounts()).version != version:
            return False
        self.known[channel] = KnownAccounts(dict(accounts), version + 1)
        return True

    def claim(self, channel: str, claim_id: str, now: datetime, until: datetime) -> bool:
        held = self.claims.get(channel)
        if held is not None and held[1] >= now:
            return False
        self.claims[channel] = (claim_id, until)
        return True

    def release(self, channel: str, claim_id: str) -> None:
        if self.claims.get(channel, ("", None))[0] == claim_id:
            del self.claims[channel]


class MemoryBreakers:
    def __init__(self) -> None:
        self._known: dict[tuple[str, str], KnownBreaker] = {}
        self._lock = threading.Lock()
        self.reads = 0
        self.writes = 0

    def get(self, channel: str, account: str) -> KnownBreaker:
        self.reads += 1
        return self._known.get((channel, account), KnownBreaker(Breaker(), 0))

    def get_many(self, accounts: ChannelAccounts) -> dict[str, dict[str, Breaker]]:
        return {
            channel: {account: self.get(channel, account).breaker for account in names}
            for channel, names in accounts.items()
        }

    def save(self, channel: str, account: str, breaker: Breaker, version: int) -> bool:
        with self._lock:
            if self.get(channel, account).version != version:
                return False
            self.writes += 1
            self._known[channel, account] = KnownBreaker(breaker, version + 1)
            return True


class NoLimits:
    """A limiter that never makes a message wait."""

    def expect(self, messages: int) -> None: ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        return 0.0

    def account_wait_s(self, channel: str, account: str, now: float) -> float:
        return 0.0


class NotToBeAsked:
    """A limiter that fails the test if tokens are taken."""

    def expect(self, messages: int) -> None: ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        pytest.fail("tokens were taken")

    def account_wait_s(self, channel: str, account: str, now: float) -> float:
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

    def account_wait_s(self, channel: str, account: str, now: float) -> float:
        return self.wait_s(channel, account, "", now)
