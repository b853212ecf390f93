"""Token buckets, each stored as one number, by the generic cell rate algorithm (GCRA).

The number is the theoretical arrival time: the time at which the bucket would be full again. Taking n tokens
moves the number n intervals into the future. The move is allowed while the number stays within `burst`
intervals of now.
Source of the algorithm: ITU-T I.371, as used by rate limiters such as redis-cell.
"""

import msgspec

from chat4all.domain.channel import RateLimit


class Take(msgspec.Struct, frozen=True):
    """A decision: `full_at` is the bucket's new number; `wait_s` is the time until it has the tokens."""

    full_at: float
    wait_s: float

    @property
    def allowed(self) -> bool:
        return self.wait_s <= 0


def take(limit: RateLimit, full_at: float, now: float, tokens: int) -> Take:
    """Take `tokens` at epoch second `now` from the bucket that is full at `full_at`."""
    advanced = max(full_at, now) + tokens * limit.interval_s
    wait_s = advanced - limit.burst * limit.interval_s - now
    if wait_s > 1e-9:
        return Take(full_at, wait_s)
    return Take(advanced, 0.0)


def latest_full_at(limit: RateLimit, now: float, tokens: int) -> float:
    """Return the latest number at which a bucket still has `tokens` at `now`: the condition of the write."""
    return now + (limit.burst - tokens) * limit.interval_s
