"""The events of a function's process, in the order in which they happen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invocation:
    """An invocation; `deadline_ms` is in milliseconds since the epoch."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    deadline_ms: int


@dataclass(frozen=True)
class Ready:
    """The process has asked for work for the first time."""


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


@dataclass(frozen=True)
class Stopped:
    """The executor has stopped the process."""


Event = Ready | InitFailed | Answered | Exited | Stopped
