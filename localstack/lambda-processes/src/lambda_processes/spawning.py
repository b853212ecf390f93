"""Start processes that end with this process.

For the kernel, the parent of a process is the thread that started it. Servers start functions from threads
that end with a request. Therefore a single thread, which lives as long as this process, starts them all.
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

from lambda_processes import starter

_SPAWNER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-process-spawner")


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    output: int,
    descriptors: Sequence[int] = (),
    memory: int = 0,
) -> "subprocess.Popen[bytes]":
    """Start a process with `memory` in bytes as its limit, 0 for none.

    `output` is the descriptor that the process prints to. The process keeps the numbers of `descriptors`.
    """

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 (the command comes from the settings)
            [sys.executable, "-I", "-S", starter.__file__, str(os.getpid()), str(memory), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            start_new_session=True,
        )

    return _SPAWNER.submit(start).result()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process and its children in the same session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
