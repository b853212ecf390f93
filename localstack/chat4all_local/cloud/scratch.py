"""The folder of a temporary cloud: in memory if enough is free, else on the disk.

The cloud unpacks the functions' layer with thousands of files. In memory this takes a tenth of the time that
it takes on a disk. The files need about 300 MB.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from chat4all_local.cloud.temporary import temporary_place

MEMORY: Final = Path("/dev/shm")  # noqa: S108 (folders in it are made by mkdtemp)
NEEDED: Final = 2 * 10**9
"""Bytes that must be free in the folder and in memory, in addition to the files that are sent."""


@contextmanager
def scratch_folder(files: int = 0) -> Iterator[Path]:
    """Provide a folder for a cloud during the block, with space for `files` bytes of sent files."""
    with temporary_place(MEMORY if has_space(MEMORY, files) else Path(tempfile.gettempdir())) as place:
        yield place


def has_space(folder: Path, files: int = 0) -> bool:
    """Return whether the folder has enough space and allows programs to run."""
    try:
        can_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        free = min(shutil.disk_usage(folder).free, psutil.virtual_memory().available)
    except OSError:
        return False
    return can_run and os.access(folder, os.W_OK | os.X_OK) and free >= NEEDED + files
