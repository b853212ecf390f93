"""An execution environment: a folder, and a process that is started again after it has ended."""

import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from localstack_lambda_process.events import Answered, Exited, InitFailed, Invocation, Ready
from localstack_lambda_process.output import Output
from localstack_lambda_process.report import Report, exited, most_memory_mb, stopped, timed_out
from localstack_lambda_process.worker import Program, Worker

RELOADED_WITHIN_S: Final = 60.0


class InitError(Exception):
    """The function could not be loaded; `payload` is Lambda's error about it."""

    def __init__(self, payload: bytes, printed: str) -> None:
        super().__init__("the function could not be loaded")
        self.payload = payload
        self.printed = printed


@dataclass(frozen=True)
class Outcome:
    payload: bytes
    is_error: bool = True


@dataclass(frozen=True)
class Result:
    payload: bytes
    is_error: bool
    logs: str


class Sandbox:
    """An execution environment with `timeout` in seconds.

    LocalStack limits the time of the first start only. `reload_within` limits each later start. Call `start`
    first, then
    `invoke` from a single thread at a time. Any thread may call `stop`.
    """

    def __init__(
        self,
        program: Program,
        *,
        timeout: float,
        memory_mb: int,
        version: str,
        reload_within: float = RELOADED_WITHIN_S,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lambda-process-"))
        scratch = self._folder / "tmp"
        scratch.mkdir()
        self._program = replace(program, environment={**program.environment, "TMPDIR": str(scratch)})
        self._timeout = timeout
        self._reload_within = reload_within
        self._memory_mb = memory_mb
        self._version = version
        self._output = Output(self._folder / "output")
        self._worker: Worker | None = None
        self._init_duration: float | None = None
        self._is_stopped = False
        self._lock = threading.Lock()

    def start(self, within: float | None = None) -> Worker:
        """Start a process, and wait until the function is loaded.

        Raises InitError, also after `within` seconds.
        """
        began = time.monotonic()
        worker = self._new_worker()
        event = worker.ready(within)
        if isinstance(event, Ready):
            self._init_duration = (time.monotonic() - began) * 1000
            return worker
        worker.stop()
        match event:
            case InitFailed(payload):
                raise InitError(payload, self._output.new())
            case Exited() as end:
                raise InitError(exited("", end), self._output.new())
            case None:
                raise InitError(timed_out("", time.monotonic() - began), self._output.new())
            case _:
                raise InitError(stopped(""), self._output.new())

    def invoke(self, request_id: str, payload: bytes, function_arn: str, trace_id: str) -> Result:
        """Invoke the function. If its process has ended, a new process is started first."""
        try:
            worker = self._living_worker()
        except InitError as error:
            return self._result(request_id, time.monotonic(), Outcome(error.payload), error.printed)
        deadline = int((time.time() + self._timeout) * 1000)
        return self._answer(worker, Invocation(request_id, payload, function_arn, trace_id, deadline))

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            worker = self._worker
        if worker is not None:
            worker.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def printed(self) -> str:
        """Return the output since the last call."""
        return self._output.new()

    def _new_worker(self) -> Worker:
        with self._lock:
            if self._is_stopped:
                raise InitError(stopped(""), "")
            self._worker = Worker(self._program, self._output.path)
            return self._worker

    def _living_worker(self) -> Worker:
        worker = self._worker
        if worker is None or not worker.is_alive:
            if worker is not None:
                worker.stop()
            worker = self.start(self._reload_within)
        return worker

    def _answer(self, worker: Worker, invocation: Invocation) -> Result:
        began = time.monotonic()
        event = worker.invoke(invocation)
        used = most_memory_mb(worker.pid)
        match event:
            case Answered(payload, is_error):
                outcome = Outcome(payload, is_error=is_error)
            case None:
                worker.stop()
                outcome = Outcome(timed_out(invocation.request_id, self._timeout))
            case Exited() as end:
                outcome = Outcome(exited(invocation.request_id, end))
            case _:
                outcome = Outcome(stopped(invocation.request_id))
        return self._result(invocation.request_id, began, outcome, self._output.new(), used)

    def _result(
        self, request_id: str, began: float, outcome: Outcome, printed: str, used_mb: int | None = None
    ) -> Result:
        report = Report(
            request_id,
            self._version,
            (time.monotonic() - began) * 1000,
            self._init_duration,
            self._memory_mb,
            used_mb,
        )
        self._init_duration = None
        return Result(outcome.payload, outcome.is_error, report.around(printed))
