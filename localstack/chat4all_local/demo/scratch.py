"""Where the demo's cloud lives for its minute: in memory where there is plenty, else where temporary files go.

The cloud unpacks the functions' layer, some thousand files, for each copy of a function that it starts. Files in
memory cost a tenth of what they cost on a disk; there are about 300 MB of them, and the demo's video
twice, where it is made and where it is stored.
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
from chat4all_local.demo.files.props import VIDEO_BYTES

MEMORY: Final = Path("/dev/shm")  # noqa: S108 (folders in it are made by mkdtemp)
NEEDED: Final = 2 * 10**9 + 2 * VIDEO_BYTES
"""Bytes that must be free, of the folder and of the memory."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A place for a cloud for the time of the block."""
    with temporary_place(MEMORY if is_roomy(MEMORY) else Path(tempfile.gettempdir())) as place:
        yield place


def is_roomy(folder: Path) -> bool:
    """Whether programs may be run from it, and it is large enough."""
    try:
        can_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        room = min(shutil.disk_usage(folder).free, psutil.virtual_memory().available)
    except OSError:
        return False
    return can_run and os.access(folder, os.W_OK | os.X_OK) and room >= NEEDED
