"""The folder of a temporary cloud. The next temporary cloud removes the folders of killed clouds."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder

STALE_S: Final = 60.0
_PREFIX: Final = "chat4all-cloud-"
_CLOUD: Final = "cloud"


@contextmanager
def temporary_place(base: Path) -> Iterator[Path]:
    """Create a folder in `base` for the block, and remove it with its content at the end."""
    remove_stale(base)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=base, ignore_cleanup_errors=True) as folder:
        yield Path(folder) / _CLOUD


def remove_stale(base: Path) -> None:
    """Remove the folders of killed clouds.

    Such a folder contains a cloud's folder and nothing else. No process holds the lock of the cloud's folder.
    It is old enough that no start is about to lock it.
    """
    for folder in base.glob(f"{_PREFIX}*"):
        with suppress(CloudError, OSError):  # in use, another user's, or already removed
            if _is_stale(folder, folder / _CLOUD) and StateFolder(folder / _CLOUD).purge():
                folder.rmdir()


def _is_stale(folder: Path, cloud: Path) -> bool:
    """Return whether the folder belongs to a killed cloud. Raises OSError."""
    is_linked = folder.is_symlink() or cloud.is_symlink()
    is_old = cloud.lstat().st_mtime < time.time() - STALE_S
    return is_old and not is_linked and not StateFolder(cloud).is_locked()
