"""Waiting with a deadline: the loops that every tool polls with."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LOOK_EVERY_S = 0.1


def wait_until(
    what: str, look: Callable[[], Found | None], *, within_s: float, every_s: float = LOOK_EVERY_S
) -> Found:
    """Return the first value of `look` that is true. Raises TimeoutError that names `what`."""
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
    """Return the first value that `is_over`. Raises TimeoutError when it is the same for `still_s`."""
    moved_at, before = time.monotonic(), None
    while not is_over(now := look()):
        if now != before:
            moved_at, before = time.monotonic(), now
        if time.monotonic() >= moved_at + still_s:
            raise TimeoutError(f"nothing moved for {still_s:g} s: {what}")
        time.sleep(every_s)
    return now
