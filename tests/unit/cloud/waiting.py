"""Waiting for something with a deadline, never for a time."""

import time
from collections.abc import Callable

DEADLINE = 20.0


def until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline, f"it never came to be: {what}"
        time.sleep(0.01)
