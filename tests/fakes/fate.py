"""Faults at a port: the process dies, or AWS does not answer, each before or after the call took effect."""

import random
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol, TypeVar, cast

from chat4all.domain.errors import Unavailable

T = TypeVar("T")


class Died(BaseException):
    """The death of the process. It is no Exception, so that the process cannot catch it."""


class Blow(Enum):
    NOTHING = auto()
    DIES_BEFORE = auto()
    DIES_AFTER = auto()
    UNAVAILABLE_BEFORE = auto()
    UNAVAILABLE_AFTER = auto()


class Fate(Protocol):
    def __call__(self, call: str) -> Blow:
        """Return the fault of a call, such as `messages.add`."""
        ...


class Kind:
    """A fate without faults, which counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, call: str) -> Blow:
        self.calls += 1
        return Blow.NOTHING


class Once:
    """A fate with one fault, at the n-th call."""

    def __init__(self, number: int, blow: Blow) -> None:
        self._left = number
        self._blow = blow
        self.struck: str | None = None

    def __call__(self, call: str) -> Blow:
        self._left -= 1
        if self._left != 0:
            return Blow.NOTHING
        self.struck = call
        return self._blow


class Chance:
    """A fate with random faults, which are the same for the same seed."""

    def __init__(self, source: random.Random, share: float) -> None:
        self._source = source
        self._share = share

    def __call__(self, call: str) -> Blow:
        if self._source.random() >= self._share:
            return Blow.NOTHING
        return self._source.choice([blow for blow in Blow if blow is not Blow.NOTHING])


class Struck:
    """The faults that happened. It counts the faults between a send and its record."""

    def __init__(self) -> None:
        self.deaths_between_send_and_record = 0
        self.unavailable_at_record = 0
        self.all: list[tuple[str, Blow]] = []

    def note(self, call: str, blow: Blow) -> None:
        self.all.append((call, blow))
        after_send = call == "connector.send" and blow is Blow.DIES_AFTER
        at_record = call == "deliveries.record_sent"
        self.deaths_between_send_and_record += after_send or (at_record and blow is Blow.DIES_BEFORE)
        self.unavailable_at_record += at_record and blow is Blow.UNAVAILABLE_BEFORE

    @property
    def possible_repeats(self) -> int:
        """Return the most repeats that are allowed.

        A death after a send may cause a repeat, and so may two failed writes of an answer.
        """
        return self.deaths_between_send_and_record + self.unavailable_at_record // 2


_NEVER_UNAVAILABLE = frozenset({"connector.send", "connector.parse_webhook", "lambda.delete"})
"""The calls that report failures in their answers, or do not call AWS."""


class _Fated:
    def __init__(self, port: object, name: str, fate: Callable[[], Fate], struck: Struck) -> None:
        self._port = port
        self._name = name
        self._fate = fate
        self._struck = struck

    def __getattr__(self, attribute: str) -> object:
        member = getattr(self._port, attribute)
        if not callable(member):
            return member
        call = f"{self._name}.{attribute}"

        def called(*arguments: object, **options: object) -> object:
            blow = _possible(call, self._fate()(call))
            if blow is not Blow.NOTHING:
                self._struck.note(call, blow)
            if blow is Blow.DIES_BEFORE:
                raise Died
            if blow is Blow.UNAVAILABLE_BEFORE:
                return _unavailable(call, arguments)
            answer = member(*arguments, **options)
            if blow is Blow.DIES_AFTER:
                raise Died
            if blow is Blow.UNAVAILABLE_AFTER:
                return _unavailable(call, arguments)
            return answer

        return called


def _possible(call: str, blow: Blow) -> Blow:
    unavailable = blow in {Blow.UNAVAILABLE_BEFORE, Blow.UNAVAILABLE_AFTER}
    return Blow.NOTHING if unavailable and call in _NEVER_UNAVAILABLE else blow


def _unavailable(call: str, arguments: tuple[object, ...]) -> object:
    if call == "events.status_updates":
        return arguments[0]  # no update was accepted
    raise Unavailable("AWS did not answer; try again.", retry_after=1)


def fated(port: T, name: str, fate: Callable[[], Fate], struck: Struck) -> T:
    """Wrap `port`, so that each of its calls has the fault that `fate()` decides."""
    return cast("T", _Fated(port, name, fate, struck))
