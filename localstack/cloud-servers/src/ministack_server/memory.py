"""A function's peak memory in the report of an invocation.

MiniStack measures the memory of processes that have ended, and reports 0 MB if none has ended. Here a report
has the peak resident memory of the function's own process, if the system provides it.
"""

import threading
from pathlib import Path
from typing import Any, Final

from ministack.services import cloudwatch_logs, lambda_svc

_NO_MEMORY: Final = "\tMax Memory Used: 0 MB"

_release = lambda_svc.release_worker
_append = cloudwatch_logs._append_log_events  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
_used = threading.local()
"""`mb`: the memory of the last invocation. The thread that runs an invocation also reports it."""


def install() -> None:
    """Replace MiniStack's measurement."""
    lambda_svc.release_worker = _measure_and_release
    lambda_svc._probe_peak_memory_mb = _measured_mb  # noqa: SLF001
    cloudwatch_logs._append_log_events = _append_without_unmeasured  # noqa: SLF001


def _measure_and_release(worker: Any) -> None:  # noqa: ANN401 (MiniStack has no types)
    process = getattr(worker, "_proc", None)  # MiniStack removes the process of a crashed worker
    _used.mb = _most_memory_mb(process.pid) if process is not None else 0
    _release(worker)


def _most_memory_mb(pid: int) -> int:
    """Return the peak resident memory of the process; 0 if it has ended, or if the system is not Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(sizes[0]) // 1024 if sizes else 0


def _measured_mb(_: object) -> int:
    """Return the memory of this thread's last invocation, and forget it."""
    mb: int = getattr(_used, "mb", 0)
    _used.mb = 0
    return mb


def _append_without_unmeasured(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Append log events, without the memory of a report where it was not measured."""
    corrected = [{**event, "message": event["message"].removesuffix(_NO_MEMORY)} for event in events]
    _append(stream, corrected)
