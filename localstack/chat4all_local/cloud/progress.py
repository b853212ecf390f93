"""The steps of a command, reported to a display."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

import msgspec


class Mark(StrEnum):
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


class Step(msgspec.Struct, frozen=True):
    """A step; `seconds` is its duration, 0 while it runs."""

    title: str
    mark: Mark
    seconds: float = 0.0


Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Ignore a step."""


@contextmanager
def step(progress: Progress, title: str) -> Iterator[None]:
    began = time.monotonic()
    progress(Step(title, Mark.STARTED))
    try:
        yield
    except BaseException:
        progress(Step(title, Mark.FAILED, time.monotonic() - began))
        raise
    progress(Step(title, Mark.DONE, time.monotonic() - began))
