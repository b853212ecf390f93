"""The memory that the processes of a local cloud take together, sampled while a block runs."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import msgspec
import psutil

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import processes_of
from chat4all_local.cloud.processes import memory_of

KIND: Final = "PSS" if psutil.LINUX else "RSS"
"""The kind of memory that is summed.

PSS divides shared pages among the processes that share them, so a sum counts each page once. RSS counts a
shared page in every process.
"""
_EVERY_S: Final = 0.5


class Use(msgspec.Struct, frozen=True):
    """The processes of a component or function, and their `memory` in bytes."""

    processes: int
    memory: int


class Sample(msgspec.Struct, frozen=True):
    """The memory of each component and function; `at_s` counts from the first sample."""

    at_s: float
    uses: Mapping[str, Use]

    @property
    def memory(self) -> int:
        return sum(use.memory for use in self.uses.values())


class Watch:
    """Samples the memory of a cloud's processes."""

    def __init__(self, folder: StateFolder) -> None:
        self._components = folder.read().components
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    def look(self) -> None:
        found: dict[str, list[int]] = {}
        for name, process in processes_of(self._components):
            with suppress(psutil.Error):
                found.setdefault(name, []).append(memory_of(process))
        uses = {name: Use(len(memory), sum(memory)) for name, memory in found.items()}
        self.samples.append(Sample(time.monotonic() - self._began, uses))


@contextmanager
def watched(folder: StateFolder) -> Iterator[Watch]:
    watch, over = Watch(folder), threading.Event()

    def go_on_looking() -> None:
        while not over.wait(_EVERY_S):
            watch.look()

    watch.look()
    looking = threading.Thread(target=go_on_looking, name="memory")
    looking.start()
    try:
        yield watch
    finally:
        over.set()
        looking.join()


def most(samples: Iterable[Sample]) -> Sample:
    """Return the sample with the most memory. Raises ValueError without samples."""
    return max(samples, key=lambda sample: sample.memory)
