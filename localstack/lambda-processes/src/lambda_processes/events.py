"""What happens to an execution environment, and how it may end."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Invocation:
    """An invocation. `variables` are set in the function's environment while it handles the invocation."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str | None = None
    client_context: str | None = None
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The process waits for its first invocation."""


@dataclass(frozen=True)
class Loaded:
    """The process has loaded the function; it forks environments unless `why` says why it cannot."""

    why: str


@dataclass(frozen=True)
class InitFailed:
    payload: bytes


@dataclass(frozen=True)
class Answered:
    payload: bytes
    is_error: bool


@dataclass(frozen=True)
class Exited:
    """The process has ended; `code` is the exit status, or the negative number of a signal."""

    code: int

    @property
    def reason(self) -> str:
        return f"signal: {-self.code}" if self.code < 0 else f"exit status {self.code}"


Event = Ready | Loaded | InitFailed | Answered | Exited


class End:
    """The end of a process, which a thread reports and other threads wait for."""

    def __init__(self) -> None:
        self._has_ended = threading.Event()
        self._code = 0

    @property
    def has_come(self) -> bool:
        return self._has_ended.is_set()

    def report(self, code: int) -> None:
        if not self.has_come:
            self._code = code
            self._has_ended.set()

    def wait(self, within: float) -> Exited:
        """Return the end of the process; without a report within the seconds, the end by a kill."""
        return Exited(self._code if self._has_ended.wait(within) else -9)
