"""The folder of a temporary cloud: in memory if there is enough, else on the disk.

For each copy of a function, the cloud unpacks the functions' layer, which has some thousand files. Files in
memory take a tenth of the time that files on a disk take. The files have about 300 MB.
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
