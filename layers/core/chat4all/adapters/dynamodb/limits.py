"""The providers' rate limits, across all concurrent functions: one number per bucket, written on condition.

Tokens are taken in leases: a process that takes n spends them without asking again, within `LEASE_S`. What
it does not spend is lost, so that the limit holds whatever happens.
"""

import threading
from collections.abc import Mapping
from typing import Final

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, updated
from chat4all.domain.buckets import latest_full_at, take
from chat4all.domain.channel import Capabilities, LimitScope, RateLimit

LEASE_S: Final = 1.0
_KEEP_S: Final = 3600
_MOST_LEASES: Final = 10_000
_TRIES: Final = 3


class BucketRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    full_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class _Lease(msgspec.Struct):
    tokens: int
    until: float


class DynamoLimiter:
    def __init__(self, table_name: str, capabilities: Mapping[str, Capabilities]) -> None:
        bind(table_name, BucketRow)
        self._capabilities = capabilities
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    @answering
    def wait_s(self, channel: str, account: str, address: str, now: float) -> float:
        """The recipient's bucket is asked first: the account's tokens are the scarcer good."""
        limits = self._capabilities[channel].rate_limits
        for limit in sorted(limits, key=lambda one: one.scope is LimitScope.ACCOUNT):
            wait_s = self._take(_bucket(limit, channel, account, address), limit, now)
            if wait_s > 0:
                return wait_s
        return 0.0

    def _take(self, bucket: str, limit: RateLimit, now: float) -> float:
        with self._lock:
            lease = self._leases.get(bucket)
            if lease is not None and lease.tokens > 0 and now < lease.until:
                lease.tokens -= 1
                return 0.0
        wait_s = self._lease(bucket, limit, now, limit.lease)
        return wait_s if wait_s <= 0 or limit.lease == 1 else self._lease(bucket, limit, now, 1)

    def _lease(self, bucket: str, limit: RateLimit, now: float, tokens: int) -> float:
        wait_s = self._write(bucket, limit, now, tokens)
        if wait_s <= 0 and tokens > 1:
            with self._lock:
                if len(self._leases) >= _MOST_LEASES:
                    self._leases.clear()
                self._leases[bucket] = _Lease(tokens - 1, now + LEASE_S)
        return wait_s

    def _write(self, bucket: str, limit: RateLimit, now: float, tokens: int) -> float:
        for _ in range(_TRIES):
            # The common case first: a bucket that is full, with no read before the write.
            if self._refill(bucket, limit, now, tokens):
                return 0.0
            full_at = self._full_at(bucket)
            decision = take(limit, full_at, now, tokens)
            if not decision.allowed:
                return decision.wait_s
            row = BucketRow(bucket)
            if updated(row, _to(decision.full_at), BucketRow.full_at == full_at):
                return 0.0
        return limit.interval_s

    def _refill(self, bucket: str, limit: RateLimit, now: float, tokens: int) -> bool:
        """Take from a bucket that is full by now, or was never used."""
        if latest_full_at(limit, now, tokens) < now:
            return False
        decision = take(limit, now, now, tokens)
        full = BucketRow.full_at.does_not_exist() | (BucketRow.full_at <= now)
        return updated(BucketRow(bucket), _to(decision.full_at), full)

    def _full_at(self, bucket: str) -> float:
        row = BucketRow(bucket)
        row.refresh(consistent_read=True)
        return float(row.full_at or 0)


def _to(full_at: float) -> list[Action]:
    return [BucketRow.full_at.set(full_at), BucketRow.expires_at.set(int(full_at) + _KEEP_S)]


def _bucket(limit: RateLimit, channel: str, account: str, address: str) -> str:
    if limit.scope is LimitScope.RECIPIENT:
        return f"{channel}#{account}#{address}"
    return f"{channel}#{account}"
