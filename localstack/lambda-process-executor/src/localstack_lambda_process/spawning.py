"""Start processes that end with this process.

For the kernel, the parent of a process is the thread that started it. LocalStack starts functions from
threads that end with a request. Therefore a single thread, which lives as long as this process, starts them
all.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from localstack_lambda_process import starter

_SPAWNER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-process-spawner")


def spawn(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, *, memory: int = 0
) -> "subprocess.Popen[bytes]":
    """Start a process with `memory` in bytes as its limit, 0 for none. Its output is appended to `log`."""
    return _SPAWNER.submit(_spawn, command, environment, folder, log, memory).result()


def _spawn(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, memory: int
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (the command comes from the settings)
            [sys.executable, "-I", "-S", starter.__file__, str(os.getpid()), str(memory), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process and its children in the same session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
