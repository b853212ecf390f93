"""The providers' rate limits, across all concurrent functions: one number per bucket, written conditionally.

A process takes tokens in leases: it spends the tokens of a lease within `LEASE_S`, without another write. The
tokens that it does not spend are lost, so that the limit holds whatever happens. A lease therefore has no
more tokens than the process expects to need.

A message that finds no token in the account's bucket gets a place in line: the time at which a token will be
free for it, after the messages that wait already. So each of many waiting messages comes back once, and not
every second. A place reserves nothing: a message that comes back takes a token from the bucket, or gets a new
place. So the limit holds whatever happens, and a new message that finds a token need not wait in line.

Where clocks differ, the fastest clock counts: a bucket holds the time of its last writer. Otherwise a process
whose clock is minutes behind would wait for minutes after every message of a process whose clock is ahead.
"""

import threading
import time
from collections.abc import Mapping
from typing import Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, updated
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.buckets import latest_full_at, take
from chat4all.domain.channel import Capabilities, LimitScope, RateLimit
from chat4all.domain.files.file import Attachment

LEASE_S: Final = 0.25
TOLERATED_SKEW_S: Final = 2.0
"""A clock may be this late without a correction, because a process reads the time a little before it asks.

A correction for each pause in between would move all clocks ahead again and again. The time that the table
takes to answer does not count.
"""
_KEEP_S: Final = 3600
_MOST_BUCKETS: Final = 10_000
_TRIES: Final = 5
_BUSY_S: Final = 0.1
"""The seconds to wait where other processes were faster in every try."""


class BucketRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    full_at = NumberAttribute(null=True)
    line_at = NumberAttribute(null=True)
    """The time of the next place in line."""
    written_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class _Bucket:
    """This process's tokens and places, and the row that it last saw. One thread at a time takes more."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tokens = 0
        self.until = 0.0
        self.places = 0
        self.place_at = 0.0
        """The first of `places` in line, which are an interval apart."""
        self.full_at = 0.0
        self.line_at = 0.0
        self.written_at = 0.0

    def see(self, row: BucketRow) -> None:
        self.full_at = float(row.full_at or 0)
        self.line_at = float(row.line_at or 0)
        self.written_at = float(row.written_at or 0)


class DynamoLimiter:
    def __init__(self, table_name: str, capabilities: Mapping[str, Capabilities]) -> None:
        bind(table_name, BucketRow)
        self._capabilities = capabilities
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()
        self._behind_s = 0.0
        self._expected: int | None = None

    def expect(self, messages: int) -> None:
        with self._lock:
            self._expected = messages

    @answering
    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        try:
            for limit in self._capabilities[channel].limits_for(address, file):
                wait_s = self._take(_bucket(limit, channel, account, address), limit, now)
                if wait_s > 0:
                    return wait_s
            return 0.0
        finally:
            self._handled_one()

    @answering
    def account_wait_s(self, channel: str, account: str, now: float) -> float:
        limits = self._capabilities[channel].rate_limits
        of_account = (limit for limit in limits if limit.scope is LimitScope.ACCOUNT and not limit.kinds)
        try:
            waits = (
                self._take_alone(_bucket(limit, channel, account, ""), limit, now) for limit in of_account
            )
            return next((wait_s for wait_s in waits if wait_s > 0), 0.0)
        finally:
            self._handled_one()

    def _take_alone(self, name: str, limit: RateLimit, clock_s: float) -> float:
        """Take a token for a request that has no place in line; return the seconds to wait."""
        held, now = self._held(name), clock_s + self._behind_s
        with held.lock:
            if held.tokens > 0 and now < held.until:
                held.tokens -= 1
                return 0.0
            return _lease(name, held, limit, now, 1)

    def _take(self, name: str, limit: RateLimit, clock_s: float) -> float:
        """Take a token at `clock_s`, this process's time; return the seconds to wait."""
        known_s, began = self._behind_s, time.monotonic()
        wait_s = self._take_at(name, limit, clock_s + known_s)
        now = clock_s + time.monotonic() - began
        behind_s = self._held(name).written_at - now
        if wait_s > 0 and behind_s > known_s + TOLERATED_SKEW_S:
            self._behind_s = behind_s
            return self._take_at(name, limit, now + behind_s)
        return wait_s

    def _take_at(self, name: str, limit: RateLimit, now: float) -> float:
        held = self._held(name)
        with held.lock:
            if held.tokens > 0 and now < held.until:
                held.tokens -= 1
                return 0.0
            tokens = min(limit.lease, self._still_expected(limit.lease))
            wait_s = _lease(name, held, limit, now, tokens)
            if wait_s > 0 and tokens > 1:
                wait_s = _lease(name, held, limit, now, 1)
            if wait_s > 0 and limit.scope is LimitScope.ACCOUNT:
                return _line_up(name, held, limit, now, least_s=wait_s, messages=self._still_expected(1))
            return wait_s

    def _still_expected(self, otherwise: int) -> int:
        """Return how many messages are left to send, at least 1; `otherwise` if nothing was expected."""
        with self._lock:
            return otherwise if self._expected is None else max(1, self._expected)

    def _handled_one(self) -> None:
        with self._lock:
            if self._expected:
                self._expected -= 1

    def _held(self, name: str) -> _Bucket:
        with self._lock:
            if name not in self._buckets and len(self._buckets) >= _MOST_BUCKETS:
                self._buckets.clear()
            return self._buckets.setdefault(name, _Bucket())


def _lease(name: str, held: _Bucket, limit: RateLimit, now: float, tokens: int) -> float:
    """Take `tokens` from the table; return 0 if the bucket has them, else the seconds to wait.

    A lease costs one write without a read: the bucket as this process last saw it selects the form of the
    write.
    """
    for _ in range(_TRIES):
        decision = take(limit, held.full_at, now, tokens)
        if not decision.allowed and limit.scope is not LimitScope.ACCOUNT:
            # The wait may have grown. (For an account, the place in line says how long to wait.)
            held.see(_read(name))
            decision = take(limit, held.full_at, now, tokens)
        if not decision.allowed:
            return decision.wait_s
        row = BucketRow(name)
        if updated(row, *_taking(held.full_at, limit, now, tokens)):
            held.see(row)
            held.tokens, held.until = tokens - 1, now + LEASE_S
            return 0.0
        held.see(_read(name))
    return _BUSY_S


def _taking(full_at: float, limit: RateLimit, now: float, tokens: int) -> tuple[list[Action], Condition]:
    """Return the write: a bucket that is full or new counts from now, any other bucket from its number."""
    cost = tokens * limit.interval_s
    clock = [BucketRow.written_at.set(now), BucketRow.expires_at.set(int(now) + _KEEP_S)]
    if full_at <= now:
        full = BucketRow.full_at.does_not_exist() | (BucketRow.full_at <= now)
        return [BucketRow.full_at.set(now + cost), *clock], full
    latest = latest_full_at(limit, now, tokens)
    return [BucketRow.full_at.add(cost), *clock], BucketRow.full_at.between(now, latest)


def _line_up(
    name: str, held: _Bucket, limit: RateLimit, now: float, *, least_s: float, messages: int
) -> float:
    """Return the seconds until a message's place in line, at least `least_s`.

    One write takes places for all `messages` that the process has to send.
    """
    if held.places > 0 and held.place_at >= now:
        held.places -= 1
        held.place_at += limit.interval_s
        return max(least_s, held.place_at - limit.interval_s - now)
    first_free, cost = now + least_s, messages * limit.interval_s
    for _ in range(_TRIES):
        expires_at = BucketRow.expires_at.set(int(max(held.line_at, first_free) + cost) + _KEEP_S)
        nobody_waits = BucketRow.line_at.does_not_exist() | (BucketRow.line_at <= first_free)
        advance: tuple[Action, Condition] = (
            (BucketRow.line_at.set(first_free + cost), nobody_waits)
            if held.line_at <= first_free
            else (BucketRow.line_at.add(cost), BucketRow.line_at > first_free)
        )
        row = BucketRow(name)
        if updated(row, [advance[0], expires_at], advance[1]):
            held.see(row)
            held.places, held.place_at = messages - 1, held.line_at - cost + limit.interval_s
            return held.line_at - cost - now
        held.see(_read(name))
    return least_s


def _read(name: str) -> BucketRow:
    try:
        return BucketRow.get(name, consistent_read=True)
    except BucketRow.DoesNotExist:
        return BucketRow(name)


def bucket_keys(channel: str, account: str, address: str) -> tuple[str, str]:
    """Return the keys of the buckets that an address may have of its own."""
    return key(channel, account, address), key(channel, account, address, "group")


def _bucket(limit: RateLimit, channel: str, account: str, address: str) -> str:
    match limit.scope:
        case LimitScope.RECIPIENT:
            return key(channel, account, address)
        case LimitScope.GROUP:
            return key(channel, account, address, "group")
        case LimitScope.ACCOUNT:
            # No address has such a name.
            return key(channel, account, *(f"{kind.value}s only" for kind in limit.kinds))
