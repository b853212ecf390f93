"""Set for how long messages are kept, show how far that is carried out, and know what is over."""

import threading
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import RetentionNotSet, Unavailable
from chat4all.domain.privacy_work import RetentionWork
from chat4all.domain.retention import RetentionState
from chat4all.services.privacy.ports import PrivacyQueue
from chat4all.services.privacy.retention_ports import RetentionSetting

KNOWN_S: Final = 60.0
"""A process reads the setting again after so many seconds."""
_TRIES: Final = 5


class ManageRetention:
    def __init__(self, setting: RetentionSetting, queue: PrivacyQueue, clock: Clock) -> None:
        self._setting = setting
        self._queue = queue
        self._clock = clock

    def get(self) -> RetentionState:
        """Return the setting and its walk; raises RetentionNotSet."""
        state = self._setting.read()
        if state is None:
            raise RetentionNotSet("Messages are kept without limit.")
        return state

    def put(self, days: int) -> RetentionState:
        """Set the days and begin to carry them out. The same days as before change nothing."""
        for _ in range(_TRIES):
            known = self._setting.read()
            if known is not None and known.setting.days == days:
                return known
            at = iso(self._clock())
            if self._setting.set_days(known, days, at):
                self._queue.send(RetentionWork(at))
                return self.get()
        raise Unavailable("The setting is changing too quickly; try again.", retry_after=1)


class KnownRetention:
    """The time before which messages are over, by the setting as it was at most a minute ago."""

    def __init__(self, setting: RetentionSetting, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._lock = threading.Lock()
        self._state: RetentionState | None = None
        self._read_at = 0.0

    def __call__(self) -> str | None:
        """Return the time, ISO 8601 UTC; None if messages are kept without limit."""
        now = self._clock()
        with self._lock:
            if now.timestamp() - self._read_at >= KNOWN_S:
                self._state = self._setting.read()
                self._read_at = now.timestamp()
            return self._state.setting.before(now) if self._state is not None else None
