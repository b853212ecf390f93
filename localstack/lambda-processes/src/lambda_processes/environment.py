"""The server's side of an execution environment: a process that handles one invocation at a time."""

import math
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lambda_processes import frames
from lambda_processes.events import Answered, End, Event, Exited, InitFailed, Invocation, Loaded, Ready
from lambda_processes.output import Output
from lambda_processes.program import Program
from lambda_processes.report import Report, exited, message_of, most_memory_mb, stopped, timed_out

ENDED_WITHIN_S: Final = 2.0
"""The time between the end of a process and its report."""


@dataclass(frozen=True)
class Result:
    """The answer to an invocation, or Lambda's error. `logs` are the output and Lambda's own lines."""

    payload: bytes
    is_error: bool
    logs: str


class InitError(Exception):
    """The function could not be loaded; `payload` is Lambda's error about it, `printed` the output."""

    def __init__(self, payload: bytes, printed: str) -> None:
        super().__init__("the function could not be loaded")
        self.payload = payload
        self.printed = printed

    def result(self, program: Program, invocation: Invocation, duration: float) -> Result:
        """Return the result of an invocation that waited for the start for `duration` ms."""
        report = Report(invocation.request_id, program.version, duration, None, program.memory_mb, None)
        return Result(self.payload, is_error=True, logs=report.around(self.printed))


class Environment:
    """An execution environment. Call `load`, then `invoke` from one thread at a time, and `stop` at the end.

    `began` is the monotonic time at which its start began. `kills` kills its process, and `end` is its end.
    Any thread may call `stop`.
    """

    def __init__(self, program: Program, channel: socket.socket, output: Output, began: float) -> None:
        self.program = program
        self.channel = channel
        self.end = End()
        self.kills: Callable[[], None] = lambda: None
        self.was_not_forked = False
        self.scratch = Path(tempfile.mkdtemp(prefix="lambda-process-"))
        self._output = output
        self._began = began
        self._init_duration: float | None = None
        self._pid = 0
        self._printed = ""
        self._stopping = threading.Lock()
        self._in_use = threading.RLock()
        self._is_stopped = False
        self._output_is_open = True

    @property
    def is_alive(self) -> bool:
        """Return whether the idle process can take an invocation. A channel to read has an end to tell."""
        with self._in_use:
            return not (self._is_stopped or self.end.has_come or self._readable(0.0))

    @property
    def is_serving(self) -> bool:
        """Return whether the environment has been loaded."""
        return self._pid > 0

    def add_printed(self, printed: str) -> None:
        """Add the output of the function's loading to the first invocation's."""
        self._printed += printed

    def printed(self) -> str:
        """Return the output since the last call."""
        with self._in_use:
            printed = self._printed + ("" if self._is_stopped else self._output.new())
        self._printed = ""
        return printed

    def load(self, within: float | None) -> None:
        """Wait until the environment is ready. Raises InitError, also after `within` seconds."""
        event = self.next_event(within)
        if isinstance(event, Loaded):  # a process that does not fork
            event = self.next_event(within)
        if not isinstance(event, Ready):
            raise self.failed(event)
        self._init_duration = (time.monotonic() - self._began) * 1000

    def failed(self, event: Event | None) -> InitError:
        """Stop the environment, and return the error about the `event` that came instead of `Ready`."""
        was_stopped, printed = self._is_stopped, self.printed()
        self.stop()
        match event:
            case InitFailed(payload):
                return InitError(payload, printed)
            case Exited() as end if not was_stopped:
                return InitError(exited("", end), printed)
            case None if not was_stopped:
                return InitError(timed_out("", time.monotonic() - self._began), printed)
            case _:
                return InitError(stopped(""), printed)

    def invoke(self, invocation: Invocation) -> Result:
        """Invoke the function. After an error other than the function's own, the environment has ended."""
        began = time.monotonic()
        with self._in_use:
            event = self._answer(invocation, time.time() + self.program.timeout)
            duration = (time.monotonic() - began) * 1000
            used = most_memory_mb(self._pid)
            is_error = True
            match event:
                case Answered(payload, is_error):
                    pass
                case None if not self._is_stopped:
                    payload = timed_out(invocation.request_id, self.program.timeout)
                case Exited() as end if not self._is_stopped:
                    payload = exited(invocation.request_id, end)
                case _:
                    payload = stopped(invocation.request_id)
            printed = self._printed + ("" if self._is_stopped else self._output.new())
        if not isinstance(event, Answered):
            self.stop()
        report = Report(
            invocation.request_id,
            self.program.version,
            duration,
            self._init_duration,
            self.program.memory_mb,
            used,
            "" if isinstance(event, Answered) else message_of(payload),
        )
        self._printed, self._init_duration = "", None
        return Result(payload, is_error, report.around(printed))

    def stop(self) -> None:
        """Kill the process at once, as Lambda does. An invocation that is under way ends with an error."""
        with self._stopping:
            if self._is_stopped:
                return
            self._is_stopped = True
        if not self.end.has_come:
            self.kills()
            self.end.wait(ENDED_WITHIN_S)
        with suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)  # the thread that waits for an answer sees the end
        with self._in_use:
            self.channel.close()
            self._output.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def next_event(self, within: float | None) -> Event | None:
        """Wait for a message, and empty the output meanwhile. Returns None after `within` seconds."""
        deadline = time.monotonic() + within if within is not None else math.inf
        with self._in_use:
            while (left := deadline - time.monotonic()) > 0 and not self._is_stopped:
                if self._readable(left):
                    return self._read(max(0.001, deadline - time.monotonic()))
        return None

    def _answer(self, invocation: Invocation, deadline: float) -> Event | None:
        header: frames.Header = {
            "kind": "invoke",
            "request_id": invocation.request_id,
            "trace_id": invocation.trace_id,
            "function_arn": invocation.function_arn,
            "deadline_ms": int(deadline * 1000),
            "client_context": invocation.client_context,
            "variables": invocation.variables,
        }
        self.channel.settimeout(self.program.timeout)
        try:
            frames.send(self.channel, header, invocation.payload)
        except TimeoutError:
            return None
        except OSError:
            return self.end.wait(ENDED_WITHIN_S)
        return self.next_event(max(0.0, deadline - time.time()))

    def _read(self, within: float) -> Event | None:
        self.channel.settimeout(within if within != math.inf else None)
        try:
            frame = frames.receive(self.channel)
        except TimeoutError:
            return None
        except OSError:
            frame = None
        if frame is None:
            return self.end.wait(ENDED_WITHIN_S)
        match frame.kind:
            case "ready":
                self._pid = frame.header["pid"]
                return Ready()
            case "loaded":
                return Loaded(frame.header["why"])
            case "init_error":
                return InitFailed(frame.payload)
            case kind:
                return Answered(frame.payload, is_error=kind == "error")

    def _readable(self, within: float) -> bool:
        """Wait until the channel has a message or its end, or for a while. Empty the output meanwhile."""
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        if within and self._output_is_open:
            poll.register(self._output, select.POLLIN)
        ready = {number for number, _ in poll.poll(min(within, 3600.0) * 1000)}
        if self._output.fileno() in ready:
            self._output_is_open = self._output.drain()
        return self.channel.fileno() in ready
