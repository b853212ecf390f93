"""Turns for the invocations of a server that manages the environments itself, by the limits of a pool.

An invocation that finds its function's or the machine's limit reached waits in line, and is refused after a
while. Of functions that compete for the machine, the function with the fewest invocations goes first.
"""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_processes.pool import Limits, Refused


class Turns:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._active: Counter[str] = Counter()
        self._waiting: defaultdict[str, deque[object]] = defaultdict(deque)

    @contextmanager
    def taken(self, function: str) -> Iterator[None]:
        """Wait for a turn of the function, and hold it during the block. Raises Refused."""
        self._take(function)
        try:
            yield
        finally:
            with self._changed:
                self._active[function] -= 1
                self._changed.notify_all()

    def _take(self, function: str) -> None:
        own, limits = object(), self._limits
        until = time.monotonic() + limits.wait_s
        with self._changed:
            line = self._waiting[function]
            if len(line) >= limits.waiting:
                raise Refused(f"{len(line)} invocations of {function} wait already")
            line.append(own)
            try:
                while not (line[0] is own and self._next() == function):
                    if not self._changed.wait(until - time.monotonic()) and time.monotonic() >= until:
                        raise Refused(f"no turn of {function} came in {limits.wait_s:.0f} s")
                self._active[function] += 1
            finally:
                line.remove(own)
                self._changed.notify_all()

    def _next(self) -> str | None:
        """Return the function whose first waiting invocation may go; None if none may."""
        if self._active.total() >= self._limits.machine:
            return None
        able = [
            function
            for function, line in self._waiting.items()
            if line and self._active[function] < self._limits.per_function
        ]
        return min(able, key=lambda function: self._active[function], default=None)
