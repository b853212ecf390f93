"""Time and ids that a test decides."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=UTC)


class FakeClock:
    """Stands still until a test moves it; `monotonic` is the same time in seconds."""

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
    """uuid4s that count, so that a failing test tells the same story again."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self._next += 1
            return str(uuid.UUID(int=self._next, version=4))
