"""A clock and ids that a test controls."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=UTC)


class FakeClock:
    """A clock that only a test moves; `monotonic` is the same time in seconds."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        assert seconds >= 0, "time does not go back"
        self.now += timedelta(seconds=seconds)


class FakeIds:
    """Numbered uuid4s, so that a failing test fails with the same ids again."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self._next += 1
            return str(uuid.UUID(int=self._next, version=4))
