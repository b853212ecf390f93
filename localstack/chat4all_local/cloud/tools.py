"""Run a command-line tool to its end; an interruption stops it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from chat4all_local.cloud.errors import ToolFailed
from chat4all_local.cloud.processes import start_exiting_with_parent, stop

LOG_LINES_SHOWN = 25


def run_tool(
    name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> None:
    """Run the tool; its output overwrites `log`. Raises ToolFailed with the end of the log."""
    log.write_bytes(b"")
    process = start_exiting_with_parent(command, environment, log, folder)
    try:
        code = process.wait()
    except BaseException:
        stop_tree(process)
        raise
    if code != 0:
        raise ToolFailed(f"{name} failed (exit {code})", tail(log), f"see: {log}")


def stop_tree(process: "subprocess.Popen[bytes]") -> None:
    try:
        stop([psutil.Process(process.pid)], within=5.0)
    except psutil.NoSuchProcess:
        return
    process.wait()


def tail(log: Path, lines: int = LOG_LINES_SHOWN) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
