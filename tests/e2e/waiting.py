"""Waiting for something with a deadline, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 90.0
"""Only for failing: everything is expected to come to be long before."""
_POLL_S = 0.05


def eventually(
    probe: Callable[[], T], is_so: Callable[[T], bool] = bool, deadline_s: float = DEADLINE_S
) -> T:
    """The first value of `probe` for which `is_so` holds."""
    deadline = time.monotonic() + deadline_s
    while not is_so(value := probe()):
        assert time.monotonic() < deadline, f"it never came to be; last seen: {value!r}"
        time.sleep(_POLL_S)
    return value
