"""Wait with a deadline: the polling loops of every tool."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LOOK_EVERY_S = 0.1


def wait_until(
    what: str, look: Callable[[], Found | None], *, within_s: float, every_s: float = LOOK_EVERY_S
) -> Found:
    """Call `look` until it returns a true value, and return it. Raises TimeoutError, which names `what`."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(every_s)
    return found


def wait_while_moving(
    what: str,
    look: Callable[[], Found],
    is_over: Callable[[Found], bool],
    *,
    still_s: float,
    every_s: float = LOOK_EVERY_S,
) -> Found:
    """Call `look` until `is_over` is true of its value, and return the value.

    Raises TimeoutError, which names `what`, if the value does not change for `still_s` seconds.
    """
    moved_at, before = time.monotonic(), None
    while not is_over(now := look()):
        if now != before:
            moved_at, before = time.monotonic(), now
        if time.monotonic() >= moved_at + still_s:
            raise TimeoutError(f"no progress for {still_s:g} s: {what}")
        time.sleep(every_s)
    return now
