"""What happens to a function's process, in the order of happening."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invocation:
    """`deadline_ms` since the epoch."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    deadline_ms: int


@dataclass(frozen=True)
class Ready:
    """It has asked for work for the first time."""


@dataclass(frozen=True)
class InitFailed:
    payload: bytes


@dataclass(frozen=True)
class Answered:
    payload: bytes
    is_error: bool


@dataclass(frozen=True)
class Exited:
    """`code` as subprocess has it: negative for a signal."""

    code: int

    @property
    def reason(self) -> str:
        return f"signal: {-self.code}" if self.code < 0 else f"exit status {self.code}"


@dataclass(frozen=True)
class Stopped:
    """By us."""


Event = Ready | InitFailed | Answered | Exited | Stopped
