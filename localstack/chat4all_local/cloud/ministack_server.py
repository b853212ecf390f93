"""Run MiniStack instead of `python -m ministack`, so that functions finish their batches before a stop.

MiniStack itself saves its state while functions still run. If a provider accepts a message and its record is
written after the state was saved, the next start would send the message again. Therefore a stop gives no new
batch to a function, and waits for the batches in flight before the server closes. This script runs in
MiniStack's environment, and imports no module of this package.

MiniStack measures the memory of processes that have ended, and reports 0 MB if none has ended. With this
script, a report has the peak resident memory of the function's own process, if the system provides it.
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

# A function waits for its provider up to 10 s. The launcher waits for this process up to 20 s.
DRAINED_WITHIN_S: Final = 12.0
CLOSED_WITHIN_S: Final = 1.0
"""The time for open requests. Their clients get no answer, and repeat them."""
_POLL_S: Final = 0.2
"""Longer than a poll of all queues, so that a batch that is being received counts as in flight."""
_LOOK_EVERY_S: Final = 0.02

_NO_MEMORY: Final = "\tMax Memory Used: 0 MB"

_serve = hypercorn.asyncio.serve
_release = lambda_svc.release_worker
_append = cloudwatch_logs._append_log_events  # noqa: SLF001 (no public name, as below)
_used = threading.local()
"""`mb`: the memory of the last invocation. The thread that runs an invocation also reports it."""


async def _serve_until_drained(application: object, config: hypercorn.config.Config) -> None:
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)

    async def drained() -> None:
        await stop_requested.wait()
        lambda_svc._iter_all_esms = _no_mappings  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
        await asyncio.sleep(_POLL_S)
        deadline = time.monotonic() + DRAINED_WITHIN_S
        while lambda_svc._esm_inflight and time.monotonic() < deadline:  # noqa: SLF001, ASYNC110 (filled by threads)
            await asyncio.sleep(_LOOK_EVERY_S)

    config.graceful_timeout = CLOSED_WITHIN_S
    await _serve(application, config, shutdown_trigger=drained)


def _no_mappings() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Return no mappings of queues to functions."""
    return iter(())


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


if __name__ == "__main__":
    lambda_svc.release_worker = _measure_and_release
    lambda_svc._probe_peak_memory_mb = _measured_mb  # noqa: SLF001
    cloudwatch_logs._append_log_events = _append_without_unmeasured  # noqa: SLF001
    hypercorn.asyncio.serve = _serve_until_drained
    app.main()
