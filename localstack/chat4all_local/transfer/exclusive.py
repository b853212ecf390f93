"""The lock of a transfer: a single process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat4all_local.transfer.errors import TransferFailed


@contextmanager
def exclusively(lock: Path) -> Iterator[None]:
    """Hold the file until the process ends. Raises TransferFailed if another process holds it, OSError."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransferFailed("another process is at it", "wait for it, or stop it") from None
        yield
