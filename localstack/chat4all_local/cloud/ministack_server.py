"""Run MiniStack in place of `python -m ministack`, so that a stop lets the functions finish their batches.

MiniStack itself saves its state while functions still work. A provider may have accepted a message whose
record comes too late for the saved state; the next start would send the message again. So a stop hands out no
new batch, and waits for the batches in flight, before the server closes. This script runs in MiniStack's
environment, and imports no module of ours.

MiniStack measures the memory of processes that have ended, and reports 0 MB where no process has ended.
Here a report tells the most memory that the function's own process had resident, where the system tells it.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import hypercorn.asyncio
import hypercorn.config
from ministack import app
from ministack.services import cloudwatch_logs, lambda_svc

# A function waits for its provider up to 10 s; whoever asks us to stop waits for 20 s.
DRAINED_WITHIN_S: Final = 12.0
CLOSED_WITHIN_S: Final = 1.0
"""For what clients have under way; they get no answer anyhow, and ask again."""
_A_POLL_S: Final = 0.2
"""Longer than one look at all queues: a batch that was being taken when we were asked counts as begun."""
_LOOK_EVERY_S: Final = 0.02

_NO_MEMORY: Final = "\tMax Memory Used: 0 MB"

_serve = hypercorn.asyncio.serve
_release = lambda_svc.release_worker
_append = cloudwatch_logs._append_log_events  # noqa: SLF001 (no public name, as below)
_used = threading.local()
"""By a thread, which runs an invocation to its end and then reports it: `mb` of the process that it had."""


async def _serve_until_drained(application: object, config: hypercorn.config.Config) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)

    async def drained() -> None:
        await asked.wait()
        lambda_svc._iter_all_esms = _no_mappings  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
        await asyncio.sleep(_A_POLL_S)
        deadline = time.monotonic() + DRAINED_WITHIN_S
        while lambda_svc._esm_inflight and time.monotonic() < deadline:  # noqa: SLF001, ASYNC110 (filled by threads)
            await asyncio.sleep(_LOOK_EVERY_S)

    config.graceful_timeout = CLOSED_WITHIN_S
    await _serve(application, config, shutdown_trigger=drained)


def _no_mappings() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Return no mappings of queues to functions."""
    return iter(())


def _release_measured(worker: Any) -> None:  # noqa: ANN401 (MiniStack's, without types)
    process = getattr(worker, "_proc", None)  # MiniStack drops a worker that crashed
    _used.mb = _most_memory_mb(process.pid) if process is not None else 0
    _release(worker)


def _most_memory_mb(pid: int) -> int:
    """Read the most that the process had resident; 0 where it has ended, or the system is not Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(sizes[0]) // 1024 if sizes else 0


def _measured_mb(_: object) -> int:
    """Give the measurement of this thread's last invocation, once."""
    mb: int = getattr(_used, "mb", 0)
    _used.mb = 0
    return mb


def _append_without_nothing(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Write a report without a memory that nobody measured."""
    told = [{**event, "message": event["message"].removesuffix(_NO_MEMORY)} for event in events]
    _append(stream, told)


if __name__ == "__main__":
    lambda_svc.release_worker = _release_measured
    lambda_svc._probe_peak_memory_mb = _measured_mb  # noqa: SLF001
    cloudwatch_logs._append_log_events = _append_without_nothing  # noqa: SLF001
    hypercorn.asyncio.serve = _serve_until_drained
    app.main()
