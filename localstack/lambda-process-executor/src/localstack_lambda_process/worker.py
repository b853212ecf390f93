"""A process of a function, from its start to its end. It handles a single invocation at a time."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from localstack_lambda_process.events import Event, Exited, InitFailed, Invocation, Ready, Stopped
from localstack_lambda_process.runtime_api import RuntimeApi
from localstack_lambda_process.spawning import kill, spawn


@dataclass(frozen=True)
class Program:
    """The command to run, its environment and its folder; `memory` is in bytes, 0 for no limit."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    memory: int


class Worker:
    """A function's process. Call `stop` at the end in any case."""

    def __init__(self, program: Program, log: Path) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._stopping = threading.Lock()
        self._is_stopped = False
        self._api = RuntimeApi(self._events.put)
        environment = {**program.environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        try:
            self._process = spawn(program.command, environment, program.folder, log, memory=program.memory)
        except BaseException:
            self._api.close()
            raise
        threading.Thread(target=self._watch, name="lambda-process-watcher", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ready(self, within: float | None = None) -> Ready | InitFailed | Exited | Stopped | None:
        """Wait until the process has loaded the function or failed. Returns None after `within` seconds."""
        deadline = time.monotonic() + within if within is not None else None
        while True:
            left = max(0.0, deadline - time.monotonic()) if deadline is not None else None
            try:
                event = self._events.get(timeout=left)
            except Empty:
                return None
            if isinstance(event, Ready | InitFailed | Exited | Stopped):
                return event

    def invoke(self, invocation: Invocation) -> Event | None:
        """Invoke the function. Returns None after the deadline; the function may then still run."""
        self._api.give(invocation)
        remaining = invocation.deadline_ms / 1000 - time.time()
        try:
            return self._events.get(timeout=max(0.0, remaining))
        except Empty:
            return None

    def stop(self) -> None:
        """Kill the process at once, as Lambda does. Any thread may call this, repeatedly."""
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
        self._events.put(Stopped())
        kill(self._process)
        self._api.close()

    def _watch(self) -> None:
        self._events.put(Exited(self._process.wait()))
