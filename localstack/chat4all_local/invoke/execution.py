"""A function's process for a single invocation. It is always ended."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Final, TextIO

from chat4all_local.cloud.checkout import program, runtime
from chat4all_local.cloud.errors import CloudError, NotSetUp
from chat4all_local.invoke.runtime_api import Begun, Failure, Invocation, News, RuntimeApi, serving

INIT_WITHIN_S: Final = 10.0
"""The time limit of Lambda for the first import.

A slow import is repeated within the function's timeout.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""


class FunctionFailed(CloudError):
    """The function failed.

    `error_type` is the exception's class, or Lambda's own type such as `Sandbox.Timedout`.
    """

    def __init__(self, failure: Failure) -> None:
        message = f": {failure.error_message}" if failure.error_message else ""
        super().__init__(f"the function failed: {failure.error_type}{message}")
        self.error_type = failure.error_type


@dataclass(frozen=True)
class Execution:
    """The facts that a function's process needs, among them its folder, import path and environment."""

    folder: Path
    import_path: tuple[Path, ...]
    handler: str
    arn: str
    timeout_s: float
    environment: Mapping[str, str]


def execute(execution: Execution, event: bytes, logs: TextIO) -> bytes:
    """Invoke the handler with `event`, and return its answer as JSON. Its output goes to `logs`.

    Raises FunctionFailed, NotSetUp.
    """
    invocation = Invocation(str(uuid.uuid4()), execution.arn, event, execution.timeout_s)
    with serving(invocation) as api, _process(execution, api, logs):
        news = _next(api, INIT_WITHIN_S + execution.timeout_s, execution)
        while isinstance(news, Begun):
            news = _next(api, execution.timeout_s, execution)
    if isinstance(news, Failure):
        raise FunctionFailed(news)
    return news.body


def _next(api: RuntimeApi, within_s: float, execution: Execution) -> News:
    try:
        return api.news.get(timeout=within_s)
    except Empty:
        return Failure("Sandbox.Timedout", f"Task timed out after {execution.timeout_s:.2f} seconds")


@contextmanager
def _process(execution: Execution, api: RuntimeApi, logs: TextIO) -> Iterator[None]:
    if sys.platform != "linux":
        raise NotSetUp("AWS's runtime interface client runs on Linux only", "use: sam local invoke")
    command = [str(program(".envs/lambda", "python")), "-m", "awslambdaric", execution.handler]
    process = subprocess.Popen(  # noqa: S603 (a command of this package)
        command,
        env=_environment(execution, api.address),
        cwd=execution.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    watchers = [
        threading.Thread(target=_copy, args=(process, logs)),
        threading.Thread(target=_report_end, args=(process, api)),
    ]
    for watcher in watchers:
        watcher.start()
    try:
        yield
    finally:
        _kill(process)
        for watcher in watchers:
            watcher.join()
        if process.stdout:
            process.stdout.close()


def _environment(execution: Execution, runtime_api: str) -> dict[str, str]:
    """Return the environment of the function's process. Only PATH comes from this process.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": os.pathsep.join(str(path) for path in execution.import_path),
        "_HANDLER": execution.handler,
        "LAMBDA_TASK_ROOT": str(execution.folder),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime()}",
        **execution.environment,
    }


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill the process and its children, which would keep its output open."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _copy(process: "subprocess.Popen[str]", logs: TextIO) -> None:
    logs.writelines(process.stdout or ())
    logs.flush()


def _report_end(process: "subprocess.Popen[str]", api: RuntimeApi) -> None:
    code = process.wait()
    reason = f"exit status {code}" if code >= 0 else f"signal {-code}"
    api.news.put(Failure("Runtime.ExitError", f"Runtime exited with error: {reason}"))
