"""The form in which Lambda calls a function, and in which a function counts what it did."""

from collections.abc import Callable
from typing import Any, Protocol


class LambdaContext(Protocol):
    """The used part of Lambda's context."""

    @property
    def aws_request_id(self) -> str: ...

    @property
    def function_name(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class Count(Protocol):
    """Adds a number to a metric."""

    def __call__(self, name: str, value: float = 1) -> None: ...


Handler = Callable[[dict[str, Any], LambdaContext], Any]
