"""A version of a function: the place where its environments come from."""

import itertools
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lambda_processes import frames
from lambda_processes.environment import Environment, InitError
from lambda_processes.events import Loaded
from lambda_processes.output import Output
from lambda_processes.program import Program
from lambda_processes.report import stopped
from lambda_processes.spawning import kill, spawn

_SCRIPT: Final = Path(__file__).with_name("function_process.py")
_ENDS_WITHIN_S: Final = 10.0


class Version:
    """Starts the environments of a program: as forks if the function allows it, else as processes.

    The first start loads the function in a process. If the process can be forked, it becomes the fork server.
    Otherwise it becomes an environment, and so does each further process.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.why_not_forked = ""
        self._fork_server: ForkServer | None = None
        self._loading = threading.Lock()
        self._is_closed = False

    def start(
        self, within: float | None = None, variables: Mapping[str, str] = MappingProxyType({})
    ) -> Environment:
        """Start an environment with additional variables. Raises InitError, also after `within` seconds."""
        began = time.monotonic()
        printed = ""
        with self._loading:
            if self._is_closed:
                raise InitError(stopped(""), "")
            if not self.why_not_forked and self._needs_fork_server:
                if self._fork_server is not None:
                    self._fork_server.stop()  # it has been killed
                process, printed = self._loaded(began, within, variables)
                if process.is_serving:
                    return process
                self._fork_server = ForkServer(process)
        return self._forked(began, within, variables, printed) or self._started(began, within, variables)

    @property
    def _needs_fork_server(self) -> bool:
        return self._fork_server is None or self._fork_server.has_ended

    def close(self) -> None:
        """End the fork server, and with it every environment that it has forked."""
        with self._loading:
            self._is_closed = True
            if self._fork_server is not None:
                self._fork_server.stop()

    def _loaded(
        self, began: float, within: float | None, variables: Mapping[str, str]
    ) -> tuple[Environment, str]:
        """Load the function in a new process, which is ready for invocations if it cannot be forked."""
        process = start_process(self.program, began, variables)
        event = process.next_event(within)
        if not isinstance(event, Loaded):
            raise process.failed(event)
        self.why_not_forked = event.why
        if event.why:
            process.load(within)
            return process, ""
        return process, process.printed()

    def _forked(
        self, began: float, within: float | None, variables: Mapping[str, str], printed: str
    ) -> Environment | None:
        """Fork an environment; None if the function cannot be forked, or not now."""
        if self.why_not_forked or self._fork_server is None:
            return None
        environment = self._fork_server.fork(began, variables)
        environment.add_printed(printed)
        try:
            environment.load(within)
        except InitError:
            if environment.was_not_forked or self._fork_server.has_ended:
                return None
            raise
        return environment

    def _started(self, began: float, within: float | None, variables: Mapping[str, str]) -> Environment:
        """Start an environment as a process of its own."""
        process = start_process(self.program, began, variables, forks=False)
        process.load(within)
        return process


def start_process(
    program: Program, began: float, variables: Mapping[str, str], *, forks: bool = True
) -> Environment:
    """Start a process that loads the function, and becomes a fork server if it `forks`."""
    ours, theirs = socket.socketpair()
    output = Output()
    environment = Environment(program, ours, output, began)
    number = theirs.fileno()
    script = (str(_SCRIPT), str(number), program.handler)
    try:
        process = spawn(
            (program.python, "-B", "-P", *script, *(() if forks else ("--no-fork",))),
            {**program.environment, **own_variables(environment), **variables},
            program.folder,
            output=output.writing,
            descriptors=(number,),
            memory=program.memory_limit,
        )
    except BaseException:
        environment.stop()
        raise
    finally:
        theirs.close()
        output.close_writing()
    environment.kills = lambda: kill(process)
    threading.Thread(
        target=lambda: environment.end.report(process.wait()), name="lambda-process-watcher", daemon=True
    ).start()
    return environment


def own_variables(environment: Environment) -> dict[str, str]:
    """Return the variables that differ between the environments of a program."""
    return {
        "TMPDIR": str(environment.scratch),
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d', time.gmtime())}/"
        f"[{environment.program.version}]{uuid.uuid4().hex}",
    }


class ForkServer:
    """The server's side of a fork server: a process with the loaded function, which forks environments."""

    def __init__(self, process: Environment) -> None:
        self._process = process
        self._sending = threading.Lock()
        self._numbers = itertools.count()
        self._environments: dict[int, Environment] = {}
        threading.Thread(target=self._listen, name="lambda-fork-server", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        return self._process.end.has_come

    def fork(self, began: float, variables: Mapping[str, str]) -> Environment:
        """Ask for an environment. If none comes, its `load` raises InitError."""
        ours, theirs = socket.socketpair()
        output = Output()
        environment = Environment(self._process.program, ours, output, began)
        number = next(self._numbers)
        environment.kills = lambda: self._send({"kind": "kill", "number": number})
        self._environments[number] = environment
        request: frames.Header = {
            "kind": "fork",
            "number": number,
            "variables": {**own_variables(environment), **variables},
        }
        self._send(request, (theirs.fileno(), output.writing))
        theirs.close()
        output.close_writing()
        if self.has_ended:
            environment.end.report(-9)
        return environment

    def stop(self) -> None:
        self._process.stop()

    def _send(self, header: frames.Header, descriptors: tuple[int, ...] = ()) -> None:
        with self._sending, suppress(OSError):  # a fork server that has ended took its environments with it
            frames.send(self._process.channel, header, descriptors=descriptors)

    def _listen(self) -> None:
        """Report the ends of environments until the fork server ends, and its environments with it."""
        with suppress(OSError):
            self._process.channel.settimeout(None)
            while frame := frames.receive(self._process.channel):
                environment = self._environments.pop(frame.header["number"], None)
                if environment is not None:
                    environment.was_not_forked = frame.kind == "not_forked"
                    environment.end.report(frame.header["code"])
        self._process.end.wait(_ENDS_WITHIN_S)
        for environment in list(self._environments.values()):
            environment.end.report(-9)
        self._environments.clear()
