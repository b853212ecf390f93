"""Writes that survive a power cut once they are answered."""

import ctypes
import os
from pathlib import Path
from typing import Final

_LIBC_WITH_LOCK: Final = ctypes.PyDLL(None, use_errno=True)
"""The C library, whose functions keep Python's lock."""


def write_all(descriptor: int, content: bytes) -> None:
    """Write all bytes: a write to a disk that gets full may write some of them only."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_at_once(descriptor: int) -> None:
    """Sync the file's content as `os.fdatasync` does, but keep Python's lock: for a sync that is short."""
    if _LIBC_WITH_LOCK.fdatasync(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def sync_folder(folder: Path) -> None:
    """Let the names in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(*folders: Path) -> None:
    for folder in dict.fromkeys(folders):
        sync_folder(folder)


def write_whole(draft: Path, target: Path, content: bytes) -> None:
    """Write `target` whole or not at all, by way of the file `draft` in the same folder."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.rename(target)
    sync_folder(target.parent)
