"""Retries: the number of attempts, and the time between them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

Jitter = Callable[[], float]
"""A function that returns a random number in [0, 1)."""

MAX_FAILURES: Final = 3
"""Transient failures after which a delivery is FAILED."""
MAX_ATTEMPTS: Final = 20
"""Attempts after which a delivery is FAILED, including the unfinished attempts of dead processes."""
DELIVERY_GRACE: Final = timedelta(minutes=15)
"""The time that a message may be PENDING in the channels' queues before `relay` routes it again."""


def backoff_s(failures: int, jitter: float, *, base_s: float = 1.0, longest_s: float = 60.0) -> float:
    """Return the seconds to wait after the n-th failure: doubled from `base_s`, with `jitter` in [0, 1)."""
    doubled: float = min(longest_s, base_s * 2.0 ** (max(failures, 1) - 1))
    return doubled * (0.5 + jitter / 2)
