"""The recorder of changes: it hands them to the writer in the order in which they happened."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ministack_server.journal.changes import Change, encoded
from ministack_server.journal.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")


class Recorder:
    """A lock that is held while something changes. The changes of a `with` block are one frame.

    A change and its record are made under the lock, so that the journal has the order of the changes.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._together: list[Change] = []
        """The changes of the current block."""
        self._lock = threading.RLock()
        self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        try:
            if self._depth == 1 and self._together:
                self.writer.append(encoded(self._together))
        finally:
            self._depth -= 1
            if not self._depth:
                self._together = []
            self._lock.release()

    def record(self, kind: str, *values: Any) -> None:  # noqa: ANN401 (MiniStack has no types)
        """Record a change. Its values are encoded at the end of the outermost block."""
        with self:
            self._together.append((kind, *values))


def locked(operation: Callable[P, T], recorder: Recorder) -> Callable[P, T]:
    """Return the operation with its changes in one frame, and without changes by other threads meanwhile."""

    @wraps(operation)
    def together(*arguments: P.args, **named: P.kwargs) -> T:
        with recorder:
            return operation(*arguments, **named)

    return together
