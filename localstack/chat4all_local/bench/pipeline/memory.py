"""How much memory the processes of a local cloud take together, looked at again and again while a block runs."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import psutil

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import find, with_descendants
from chat4all_local.cloud.state import Component

KIND: Final = "PSS" if psutil.LINUX else "RSS"
"""PSS divides shared pages among those who share them, so that a sum counts each once; RSS counts them each time."""
_EVERY_S: Final = 0.5
_PSS: Final = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_UNNAMED: Final = "others"


class Use(msgspec.Struct, frozen=True):
    """`memory` in bytes, of all processes of one component or function."""

    processes: int
    memory: int


class Sample(msgspec.Struct, frozen=True):
    """`at_s` counts from the first look."""

    at_s: float
    uses: Mapping[str, Use]

    @property
    def memory(self) -> int:
        return sum(use.memory for use in self.uses.values())


class Watch:
    """Looks at a cloud's processes; which function a worker belongs to is in its environment."""

    def __init__(self, folder: StateFolder) -> None:
        self._components = folder.read().components
        self._names: dict[tuple[int, float], str] = {}
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    def look(self) -> None:
        found: dict[str, list[int]] = {}
        for component in self._components:
            for name, process in self._processes(component):
                with suppress(psutil.Error, OSError):
                    found.setdefault(name, []).append(memory_of(process))
        uses = {name: Use(len(memory), sum(memory)) for name, memory in found.items()}
        self.samples.append(Sample(time.monotonic() - self._began, uses))

    def _processes(self, component: Component) -> Iterator[tuple[str, psutil.Process]]:
        process = find(component.process)
        if process is None:
            return
        yield component.name, process
        for child in with_descendants([process])[1:]:
            with suppress(psutil.Error):
                yield self._name(child), child

    def _name(self, process: psutil.Process) -> str:
        key = (process.pid, process.create_time())
        if key not in self._names:
            try:
                self._names[key] = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", _UNNAMED)
            except psutil.Error:
                return _UNNAMED
        return self._names[key]


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


def memory_of(process: psutil.Process) -> int:
    """In bytes, of the kind that KIND names; raises psutil.Error or OSError for a process that has gone."""
    if not psutil.LINUX:
        return process.memory_info().rss
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_bytes()
    match = _PSS.search(rollup)
    return int(match[1]) * 1024 if match else 0


def most(samples: Iterable[Sample]) -> Sample:
    """The sample with the most memory; raises ValueError where there are none."""
    return max(samples, key=lambda sample: sample.memory)
