"""A folder for a cloud that lives for some minutes: in memory where there is plenty, else on the disk.

The cloud unpacks the functions' layer, some thousand files, for each copy of a function that it starts. Files in
memory cost a tenth of what they cost on a disk; there are about 300 MB of them.
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
"""Bytes that must be free, of the folder and of the memory, beside those of the files that are sent."""


@contextmanager
def scratch_folder(files: int = 0) -> Iterator[Path]:
    """Hand out a place for a cloud for the time of the block, with room for so many bytes of `files`."""
    with temporary_place(MEMORY if is_roomy(MEMORY, files) else Path(tempfile.gettempdir())) as place:
        yield place


def is_roomy(folder: Path, files: int = 0) -> bool:
    """Tell whether programs may be run from the folder, and it is large enough."""
    try:
        can_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        room = min(shutil.disk_usage(folder).free, psutil.virtual_memory().available)
    except OSError:
        return False
    return can_run and os.access(folder, os.W_OK | os.X_OK) and room >= NEEDED + files
