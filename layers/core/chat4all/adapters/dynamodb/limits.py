"""The providers' rate limits, across all concurrent functions: one number per bucket, written on condition.

Tokens are taken in leases: a process that takes n spends them without asking again, within `LEASE_S`. What
it does not spend is lost, so that the limit holds whatever happens.

Where clocks differ, the fastest one counts: a bucket tells how late it was at least for whoever wrote it last. Else a
process whose clock is minutes behind would wait for minutes after every message of one whose clock is ahead.
"""

import threading
from collections.abc import Mapping
from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, updated
from chat4all.domain.buckets import behind_s, latest_full_at, take
from chat4all.domain.channel import Capabilities, LimitScope, RateLimit

LEASE_S: Final = 1.0
_KEEP_S: Final = 3600
_MOST_BUCKETS: Final = 10_000
_TRIES: Final = 5
_BUSY_S: Final = 0.1
"""To wait where other processes were faster every time."""


class BucketRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    full_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class _Bucket:
    """What this process holds of a bucket, and what it last saw of it. One thread at a time asks for more."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tokens = 0
        self.until = 0.0
        self.full_at = 0.0


class DynamoLimiter:
    def __init__(self, table_name: str, capabilities: Mapping[str, Capabilities]) -> None:
        bind(table_name, BucketRow)
        self._capabilities = capabilities
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()
        self._behind_s = 0.0

    @answering
    def wait_s(self, channel: str, account: str, address: str, now: float) -> float:
        """The recipient's bucket is asked first: the account's tokens are the scarcer good."""
        limits = self._capabilities[channel].rate_limits
        for limit in sorted(limits, key=lambda one: one.scope is LimitScope.ACCOUNT):
            wait_s = self._take(_bucket(limit, channel, account, address), limit, now)
            if wait_s > 0:
                return wait_s
        return 0.0

    def _take(self, name: str, limit: RateLimit, clock_s: float) -> float:
        """`clock_s` is this process's time; seconds to wait."""
        known_s = self._behind_s
        wait_s = self._take_at(name, limit, clock_s + known_s)
        self._behind_s = max(known_s, behind_s(limit, self._held(name).full_at, clock_s))
        if wait_s > 0 and self._behind_s > known_s:
            return self._take_at(name, limit, clock_s + self._behind_s)
        return wait_s

    def _take_at(self, name: str, limit: RateLimit, now: float) -> float:
        held = self._held(name)
        with held.lock:
            if held.tokens > 0 and now < held.until:
                held.tokens -= 1
                return 0.0
            wait_s = _lease(name, held, limit, now, limit.lease)
            if wait_s > 0 and limit.lease > 1:
                wait_s = _lease(name, held, limit, now, 1)
            return wait_s

    def _held(self, name: str) -> _Bucket:
        with self._lock:
            if name not in self._buckets and len(self._buckets) >= _MOST_BUCKETS:
                self._buckets.clear()
            return self._buckets.setdefault(name, _Bucket())


def _lease(name: str, held: _Bucket, limit: RateLimit, now: float, tokens: int) -> float:
    """Take `tokens` from the table: 0 when they are there, else the seconds to wait.

    One write, without a read before it: the bucket as it was last seen says which of the two forms to try.
    """
    for _ in range(_TRIES):
        decision = take(limit, held.full_at, now, tokens)
        if not decision.allowed:
            held.full_at = _read(name)
            decision = take(limit, held.full_at, now, tokens)
        if not decision.allowed:
            return decision.wait_s
        row = BucketRow(name)
        if updated(row, *_taking(held.full_at, limit, now, tokens)):
            held.full_at = float(row.full_at or 0)
            held.tokens, held.until = tokens - 1, now + LEASE_S
            return 0.0
        held.full_at = _read(name)
    return _BUSY_S


def _taking(full_at: float, limit: RateLimit, now: float, tokens: int) -> tuple[list[Action], Condition]:
    """The write: on a bucket that is full, or was never used, count from now; else on from where it stands."""
    cost = tokens * limit.interval_s
    expires = BucketRow.expires_at.set(int(now) + _KEEP_S)
    if full_at <= now:
        full = BucketRow.full_at.does_not_exist() | (BucketRow.full_at <= now)
        return [BucketRow.full_at.set(now + cost), expires], full
    latest = latest_full_at(limit, now, tokens)
    return [BucketRow.full_at.add(cost), expires], BucketRow.full_at.between(now, latest)


def _read(name: str) -> float:
    try:
        return float(BucketRow.get(name, consistent_read=True).full_at or 0)
    except BucketRow.DoesNotExist:
        return 0.0


def _bucket(limit: RateLimit, channel: str, account: str, address: str) -> str:
    if limit.scope is LimitScope.RECIPIENT:
        return f"{channel}#{account}#{address}"
    return f"{channel}#{account}"
