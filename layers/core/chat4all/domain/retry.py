"""How long to wait before another attempt."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

Jitter = Callable[[], float]
"""A random number in [0, 1)."""

MAX_FAILURES: Final = 3
"""Transient failures of one delivery before it is FAILED."""
MAX_ATTEMPTS: Final = 20
"""Attempts of one delivery, the unfinished ones of dead processes included."""
DELIVERY_GRACE: Final = timedelta(minutes=15)
"""How long a message may be PENDING in the channels' queues before `relay` routes it again."""


def backoff_s(failures: int, jitter: float, *, base_s: float = 1.0, longest_s: float = 60.0) -> float:
    """Seconds to wait after the n-th failure: doubling from `base_s`, spread by `jitter` in [0, 1)."""
    doubled: float = min(longest_s, base_s * 2.0 ** (max(failures, 1) - 1))
    return doubled * (0.5 + jitter / 2)
