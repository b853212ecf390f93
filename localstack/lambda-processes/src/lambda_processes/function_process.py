"""The process of a function: `python -B -P function_process.py CHANNEL HANDLER [--no-fork]`.

awslambdaric, AWS's runtime client, loads and calls the function. In the place of its HTTP client stands
`Channel`, which speaks `frames` over the socket with the number CHANNEL.

awslambdaric loads the function once and treats the process as a snapshot (SnapStart): it runs the hooks
before the snapshot, and calls `restore_next`. There the process becomes a fork server: `restore_next` returns
only in the forks, which are the execution environments. awslambdaric then runs the hooks after the restore.
A process that cannot be forked, because it has threads or open sockets, becomes the environment itself.
"""

import contextlib
import ctypes
import gc
import importlib.util
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import InvocationRequest
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

_PR_SET_PDEATHSIG = 1


def _frames() -> ModuleType:
    """Load `frames` from this folder, which must not be on the function's search path."""
    spec = importlib.util.spec_from_file_location("_lambda_frames", Path(__file__).with_name("frames.py"))
    if spec is None or spec.loader is None:
        raise ImportError("frames.py is missing beside this script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from lambda_processes import frames
else:
    frames = _frames()


def main(descriptor: int, handler: str, *, forks: bool) -> None:
    """Load the function and serve until the server ends or kills the process."""
    os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    sys.argv[1:] = []
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    bootstrap.run(handler, Channel(channel, forks=forks))


class Channel:
    """The client of awslambdaric's `bootstrap.run`."""

    marshaller = LambdaMarshaller()

    def __init__(self, channel: socket.socket, *, forks: bool) -> None:
        self._channel = channel
        self._forks = forks
        self._is_ready = False
        self._variables: dict[str, str | None] = {}
        os.register_at_fork(after_in_child=self._close)

    def _close(self) -> None:
        """Close the channel in a process that the function forks: the environment's end must be seen."""
        self._channel.close()

    def restore_next(self) -> None:
        why = _not_forkable(self._channel.fileno()) if self._forks else "this start is not to fork"
        frames.send(self._channel, {"kind": "loaded", "why": why})
        if not why:
            self._channel = ForkServer(self._channel).forked()

    def wait_next_invocation(self) -> InvocationRequest:
        self._restore_variables()
        if not self._is_ready:
            self._is_ready = True
            frames.send(self._channel, {"kind": "ready", "pid": os.getpid()})
        frame = frames.receive(self._channel)
        if frame is None:
            os._exit(0)  # the server has ended
        header = frame.header
        self._set_variables(header["variables"])
        return InvocationRequest(
            invoke_id=header["request_id"],
            x_amzn_trace_id=header["trace_id"],
            invoked_function_arn=header["function_arn"],
            deadline_time_in_ms=header["deadline_ms"],
            client_context=header["client_context"],
            cognito_identity=None,
            tenant_id=None,
            content_type="application/json",
            event_body=frame.payload,
            invocation_id=None,
        )

    def _set_variables(self, variables: dict[str, str]) -> None:
        self._variables = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)

    def _restore_variables(self) -> None:
        for name, before in self._variables.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        self._variables = {}

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: str | bytes,
        content_type: str = "",
        invocation_id: str | None = None,
    ) -> None:
        frames.send(self._channel, {"kind": "answer"}, _as_bytes(result_data))

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        frames.send(self._channel, {"kind": "error"}, _as_bytes(error_response_data))

    def post_init_error(self, error_response_data: object, error_type_override: str | None = None) -> None:
        payload = _as_bytes(bootstrap.to_json(error_response_data))
        frames.send(self._channel, {"kind": "init_error"}, payload)

    def report_restore_error(self, restore_error_data: object) -> None:
        self.post_init_error(restore_error_data)


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _not_forkable(channel: int) -> str:
    """Return why the process cannot be forked; empty if it can."""
    if threading.active_count() > 1:
        return "the function's import leaves a thread"
    if sys.platform != "linux":
        return "only Linux shows a process's threads and sockets"
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return "the function's import leaves a thread"
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            if int(descriptor.name) != channel and str(descriptor.readlink()).startswith("socket:"):
                return "the function's import leaves an open socket"
    return ""


class ForkServer:
    """The loaded function. It forks and kills environments on request, and reports their ends."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._numbers: dict[int, int] = {}
        self._libc = ctypes.CDLL(None, use_errno=True)

    def forked(self) -> socket.socket:
        """Serve until the server ends. In a fork, return the fork's channel."""
        gc.collect()
        gc.freeze()  # a later collection in a fork does not touch, and so does not copy, the shared objects
        signal.signal(signal.SIGCHLD, self._collect)
        while True:
            frame = frames.receive(self._channel)
            if frame is None:
                os._exit(0)
            with _without_child_signals():
                if frame.kind == "kill":
                    self._kill(frame.header["number"])
                    continue
                channel = self._fork(frame.header["number"], frame.header["variables"], *frame.descriptors)
            if channel is not None:
                return channel

    def _fork(
        self, number: int, variables: dict[str, str], channel: int, output: int
    ) -> socket.socket | None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            frames.send(self._channel, {"kind": "not_forked", "number": number, "code": error.errno or 1})
            pid = -1
        if pid == 0:
            return self._become(parent, variables, channel, output)
        if pid > 0:
            self._numbers[pid] = number
        os.close(channel)
        os.close(output)
        return None

    def _become(self, parent: int, variables: dict[str, str], channel: int, output: int) -> socket.socket:
        """Turn the fork into an environment."""
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        self._channel.close()
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        os.environ.update(variables)
        tempfile.tempdir = None
        return socket.socket(fileno=channel)

    def _kill(self, number: int) -> None:
        for pid, known in self._numbers.items():
            if known == number:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):  # it may have no group of its own yet
                    os.kill(pid, signal.SIGKILL)

    def _collect(self, _signal: int, _frame: FrameType | None) -> None:
        """Report the environments that have ended, and end what they have started."""
        while self._numbers:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(ended.si_pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            number = self._numbers.pop(ended.si_pid, None)
            if number is not None:
                code = os.waitstatus_to_exitcode(status)
                frames.send(self._channel, {"kind": "ended", "number": number, "code": code})


@contextlib.contextmanager
def _without_child_signals() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], forks=sys.argv[3:] != ["--no-fork"])
