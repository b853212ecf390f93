"""Rate limits as the providers count them: token buckets."""

import msgspec


class RateLimit(msgspec.Struct, frozen=True):
    """A limit of `burst` messages at once, then a message every `interval_s`; `code` is the error beyond it.

    The limit counts messages of `kinds`, or of every kind if `kinds` is None; but none of a kind `apart`.
    """

    per_person: bool
    burst: int
    interval_s: float
    code: int
    kinds: frozenset[str] | None = None
    apart: frozenset[str] = frozenset()

    def counts(self, kind: str) -> bool:
        return kind not in self.apart and (self.kinds is None or kind in self.kinds)


class Exceeded(msgspec.Struct, frozen=True):
    """The limit that was exceeded, and the seconds until it allows the next message."""

    limit: RateLimit
    wait_s: float


class TokenBucket:
    """A bucket that starts with `burst` tokens and gains a token every `interval_s`, up to `burst`."""

    __slots__ = ("_limit", "_tokens", "_updated_at")

    def __init__(self, limit: RateLimit, now: float) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._updated_at = now

    def wait_s(self, now: float) -> float:
        """Return the seconds until a token is available; 0 if there is a token now."""
        gained = max(0.0, now - self._updated_at) / self._limit.interval_s
        self._tokens = min(float(self._limit.burst), self._tokens + gained)
        self._updated_at = now
        # A sum of many fractions may end slightly below the whole token that it stands for.
        return 0.0 if self._tokens > 1 - 1e-9 else (1 - self._tokens) * self._limit.interval_s

    def take(self, count: int = 1) -> None:
        self._tokens -= count


class RateCounter:
    """All token buckets of an account."""

    def __init__(self, limits: tuple[RateLimit, ...]) -> None:
        self._limits = limits
        self._buckets: dict[tuple[int, str], TokenBucket] = {}

    def take(self, address: str, now: float, kind: str = "text", count: int = 1) -> Exceeded | None:
        """Count `count` messages to `address`, unless the first exceeds a limit. Excess is not counted.

        The messages after the first may overdraw a bucket, so that the next message waits for them, too.
        """
        buckets = [
            (limit, self._bucket(index, address, now))
            for index, limit in enumerate(self._limits)
            if limit.counts(kind)
        ]
        for limit, bucket in buckets:
            wait_s = bucket.wait_s(now)
            if wait_s > 0:
                return Exceeded(limit, wait_s)
        for _, bucket in buckets:
            bucket.take(count)
        return None

    def _bucket(self, index: int, address: str, now: float) -> TokenBucket:
        limit = self._limits[index]
        key = (index, address if limit.per_person else "")
        return self._buckets.setdefault(key, TokenBucket(limit, now))
