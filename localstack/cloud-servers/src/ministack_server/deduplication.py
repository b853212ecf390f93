"""Deduplication ids that are forgotten one by one as they expire.

MiniStack rebuilds the ids of the last five minutes at every message that is sent to a FIFO queue.
"""

import time
from itertools import takewhile
from typing import Any

from ministack.services import sqs


def install() -> None:
    """Replace MiniStack's removal of expired ids."""
    sqs._prune_dedup = _forget_expired  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)


def _forget_expired(queue: dict[str, Any]) -> None:
    """Remove the expired ids. They are the first ones, since every id lives equally long."""
    ids, now = queue["dedup_cache"], time.time()
    for dedup_id in list(takewhile(lambda dedup_id: ids[dedup_id]["expire"] <= now, ids)):
        del ids[dedup_id]
