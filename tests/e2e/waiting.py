"""Waiting for a condition with a deadline, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 90.0
"""The deadline is only for failures: conditions are expected to hold long before."""
_POLL_S = 0.05


def eventually(
    probe: Callable[[], T], is_so: Callable[[T], bool] = bool, deadline_s: float = DEADLINE_S
) -> T:
    """Return the first value of `probe` for which `is_so` holds."""
    deadline = time.monotonic() + deadline_s
    while not is_so(value := probe()):
        assert time.monotonic() < deadline, (
            f"the condition did not hold within {deadline_s:g} s; the last value was {value!r}"
        )
        time.sleep(_POLL_S)
    return value
