"""A stop that lets functions finish their batches.

MiniStack itself saves its state while functions still run. If a provider accepts a message and its record is
written after the state was saved, the next start would send the message again. Therefore a stop gives no new
batch to a function, and waits for the batches in flight before the server closes.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

from ministack.services import lambda_svc

# A function waits for its provider up to 10 s. The launcher waits for this process up to 20 s.
DRAINED_WITHIN_S: Final = 12.0
_POLL_S: Final = 0.2
"""Longer than a poll of all queues, so that a batch that is being received counts as in flight."""
_LOOK_EVERY_S: Final = 0.02


async def drain() -> None:
    """Give functions no new batch, and wait for the batches in flight."""
    lambda_svc._iter_all_esms = _no_mappings  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
    await asyncio.sleep(_POLL_S)
    deadline = time.monotonic() + DRAINED_WITHIN_S
    while lambda_svc._esm_inflight and time.monotonic() < deadline:  # noqa: SLF001, ASYNC110 (filled by threads)
        await asyncio.sleep(_LOOK_EVERY_S)


def _no_mappings() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Return no mappings of queues to functions."""
    return iter(())
