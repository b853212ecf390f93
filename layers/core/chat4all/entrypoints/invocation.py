"""The form in which Lambda calls a function, and in which a function counts what it did."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from chat4all.domain.text import shortened

_KEYS_SHOWN: Final = 10


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


class WrongEvent(Exception):
    """The function was called with an event of another form than it handles.

    The message has the form of the event and no values: they may be words of people, or secrets.
    """

    def __init__(self, takes: str, event: object, issue: str = "") -> None:
        """`takes` says which events the function handles; `issue` says what is wrong inside the event."""
        because = f": {shortened(issue)}" if issue else ""
        super().__init__(f"The function takes {takes}, but it was given {described(event)}{because}.")


def fields_of(event: object) -> Mapping[str, Any]:
    """Return the fields of an event; none if it is no object. Lambda passes on any JSON."""
    return event if isinstance(event, Mapping) else {}


def described(event: object) -> str:
    """Describe the form of an event for the people who called the function with it."""
    if not isinstance(event, Mapping):
        return f"no object, but a value of the type {type(event).__name__}"
    if not event:
        return "an empty object"
    records = event.get("Records")
    if isinstance(records, list):
        sources = {str(record.get("eventSource")) for record in records if isinstance(record, Mapping)}
        counted = "1 record" if len(records) == 1 else f"{len(records)} records"
        return f"{counted} of {shortened(', '.join(sorted(sources))) or 'no source'}"
    if "detail-type" in event:
        return f"an event {shortened(repr(event['detail-type']))} of {shortened(repr(event.get('source')))}"
    keys = [shortened(repr(key)) for key in event]
    more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
    return f"an object with the keys {', '.join(keys[:_KEYS_SHOWN])}{more}"
