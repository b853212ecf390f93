"""The steps of a start, reported to a display."""

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
    """`seconds` is how long it took, 0 when it has only started."""

    title: str
    mark: Mark
    seconds: float = 0.0


Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Shows nothing."""


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
