"""A stop that lets functions finish their batches.

MiniStack itself saves its state while functions still run. If a provider accepts a message and its record is
written after the state was saved, the next start would send the message again. Therefore a stop gives no new
batch to a function, and waits for the batches in flight before the server closes.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from typing import Final

import hypercorn.asyncio
import hypercorn.config
from ministack.services import lambda_svc

# A function waits for its provider up to 10 s. The launcher waits for this process up to 20 s.
DRAINED_WITHIN_S: Final = 12.0
CLOSED_WITHIN_S: Final = 1.0
"""The time for open requests. Their clients get no answer, and repeat them."""
_POLL_S: Final = 0.2
"""Longer than a poll of all queues, so that a batch that is being received counts as in flight."""
_LOOK_EVERY_S: Final = 0.02

_serve = hypercorn.asyncio.serve


def install() -> None:
    """Replace the function that MiniStack serves with."""
    hypercorn.asyncio.serve = _serve_until_drained


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
