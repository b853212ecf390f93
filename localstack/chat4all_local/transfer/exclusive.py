"""The lock of a transfer, which only one process at a time may run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat4all_local.transfer.errors import TransferFailed


@contextmanager
def exclusively(lock: Path) -> Iterator[None]:
    """Hold the lock during the block. Raises OSError, or TransferFailed if another process holds it."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransferFailed(
                "another process is transferring this file", "wait for it, or stop it"
            ) from None
        yield
