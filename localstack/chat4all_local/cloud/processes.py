"""Start, identify and stop processes."""

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

SAME_START = 1.0  # seconds; outside Linux, setting the clock shifts the computed start time a little


def start_exiting_with_parent(
    command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> "subprocess.Popen[bytes]":
    """Start `command` in its own session, which Ctrl-C does not reach. It ends when this thread ends."""
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
    """Return the identity of a running process. Raises psutil.NoSuchProcess."""
    return ProcessId(pid, _started(psutil.Process(pid)))


def find(wanted: ProcessId) -> psutil.Process | None:
    """Return the process; None if it has ended, even if its number now belongs to another process."""
    try:
        process = psutil.Process(wanted.pid)
        is_same = abs(_started(process) - wanted.started) <= SAME_START
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _started(process: psutil.Process) -> float:
    """Return the seconds from the system's start to the process's. Linux computes both from the clock."""
    return process.create_time() - psutil.boot_time()


def function_of(process: psutil.Process) -> str:
    """Return the name of the function that the process runs; empty for other or ended processes."""
    try:
        return process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
    except psutil.Error:
        return ""


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of the proportional set size on Linux, and of the resident set elsewhere.

    The proportional set divides shared pages among the processes that use them. Raises psutil.Error if the
    process has ended.
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


def end(process: psutil.Process) -> None:
    """Send SIGTERM. A process that SIGSTOP suspended is continued, so that it can heed the signal.

    Raises psutil.NoSuchProcess.
    """
    process.send_signal(signal.SIGTERM)
    process.resume()


def stop(processes: Iterable[psutil.Process], within: float) -> None:
    """Stop the processes with SIGTERM; after `within` seconds, kill them and their children with SIGKILL."""
    roots = list(processes)
    with_children = with_descendants(roots)
    for process in roots:
        with suppress(psutil.NoSuchProcess):
            end(process)
    psutil.wait_procs(roots, timeout=within)
    for process in with_children:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(with_children, timeout=within)
