"""Run by MiniStack's own interpreter in the place of `python -m ministack`: asked to stop, it finishes what it has begun.

By itself MiniStack saves its state while functions still work on their batches. A message that a provider has taken in
between, and whose record comes too late for the saved state, would be sent again after the next start. So no new batch
is handed out first, and those in flight end, before the server closes. Imports nothing of ours: it is another environment.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from typing import Final

import hypercorn.asyncio
import hypercorn.config
from ministack import app
from ministack.services import lambda_svc

# A function waits for its provider up to 10 s; whoever asks us to stop waits for 20 s.
DRAINED_WITHIN_S: Final = 12.0
CLOSED_WITHIN_S: Final = 1.0
"""For what clients have under way; they get no answer anyhow, and ask again."""
_A_POLL_S: Final = 0.2
"""Longer than one look at all queues: a batch that was being taken when we were asked counts as begun."""
_LOOK_EVERY_S: Final = 0.02

_serve = hypercorn.asyncio.serve


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
    """Of queues to functions."""
    return iter(())


if __name__ == "__main__":
    hypercorn.asyncio.serve = _serve_until_drained
    app.main()
