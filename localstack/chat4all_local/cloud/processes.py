"""Starting, recognising and stopping processes."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from chat4all_local.cloud import exit_with_parent
from chat4all_local.cloud.checkout import own_python
from chat4all_local.cloud.state import ProcessId

SAME_START = 1.0  # seconds; a clock that is set moves the computed start time a little


def start_exiting_with_parent(
    command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> "subprocess.Popen[bytes]":
    """Start `command` out of reach of Ctrl-C in the terminal; it ends with this thread."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (our own commands)
            [str(own_python()), "-I", "-S", exit_with_parent.__file__, str(os.getpid()), *command],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def identify(pid: int) -> ProcessId:
    """Raises psutil.NoSuchProcess."""
    return ProcessId(pid, psutil.Process(pid).create_time())


def find(wanted: ProcessId) -> psutil.Process | None:
    """The process, unless it has ended, also where its number has gone to another."""
    try:
        process = psutil.Process(wanted.pid)
        is_same = abs(process.create_time() - wanted.started) <= SAME_START
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def function_of(process: psutil.Process) -> str:
    """Return the name of the function that the process runs; empty for others, and where it has gone."""
    try:
        return process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
    except psutil.Error:
        return ""


def memory_of(process: psutil.Process) -> int:
    """Return bytes: on Linux the proportional set (shared pages divided among their users), else resident.

    Raises psutil.Error where the process has gone.
    """
    memory: int = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
    return memory


def with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            for member in (process, *process.children(recursive=True)):
                found[member.pid] = member
    return list(found.values())


def stop(processes: Iterable[psutil.Process], within: float) -> None:
    """Stop the processes: SIGTERM, time to finish, then SIGKILL, also for their children."""
    asked = list(processes)
    everyone = with_descendants(asked)
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    psutil.wait_procs(asked, timeout=within)
    for process in everyone:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everyone, timeout=within)
