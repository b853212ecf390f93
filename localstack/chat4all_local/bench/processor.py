"""The processor time that the processes of a local cloud take while a block runs."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import psutil

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import processes_of

IDLE_S: Final = 4.0

Seconds = Mapping[str, float]
"""Processor time by component or function."""


class Stopwatch:
    """Measures the processor time of a cloud's processes, beyond what the idle cloud takes in as long.

    A process that starts meanwhile counts from its start; a process that ends meanwhile does not count.
    """

    def __init__(self, folder: StateFolder, idle_s: float = IDLE_S) -> None:
        """Watch the idle cloud for `idle_s` seconds."""
        self._components = folder.read().components
        self._idle: Seconds = {}
        with self.running() as idle:
            time.sleep(idle_s)
        self._idle = {name: seconds / idle_s for name, seconds in idle.items()}

    @contextmanager
    def running(self) -> Iterator[Seconds]:
        """Yield the times, which are there when the block has ended."""
        used: dict[str, float] = defaultdict(float)
        before, began = self._look(), time.monotonic()
        yield used
        lasted = time.monotonic() - began
        for process, seconds in self._look().items():
            used[process[0]] += seconds - before.get(process, 0.0)
        for name, seconds in used.items():
            used[name] = max(0.0, seconds - self._idle.get(name, 0.0) * lasted)

    def _look(self) -> dict[tuple[str, int], float]:
        found: dict[tuple[str, int], float] = {}
        for name, process in processes_of(self._components):
            with suppress(psutil.Error):
                times = process.cpu_times()
                found[name, process.pid] = times.user + times.system
        return found
