"""Keep MiniStack's data consistent if a deployment is interrupted."""

import os
import shutil
from typing import Final

from chat4all_local.cloud.folder import StateFolder

_NOT_SAVED: Final = "Persistence: failed to save "
_KILLED: Final = "MiniStack was killed"
_BACKEND: Final = "ministack"


def remember_before(folder: StateFolder) -> None:
    """Back up MiniStack's data before a deployment.

    MiniStack writes its state when it stops, even in the middle of a deployment, and cannot continue such a
    deployment. It replaces files and never changes a file, so hard links are a sufficient backup.
    """
    shutil.rmtree(folder.before_deployment, ignore_errors=True)
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    shutil.copytree(folder.ministack, folder.unfinished, copy_function=_link)
    folder.unfinished.rename(folder.before_deployment)


def forget_before(folder: StateFolder) -> None:
    """Remove the backup. It is renamed first: the next start would restore a half-removed backup."""
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    folder.before_deployment.rename(folder.unfinished)
    shutil.rmtree(folder.unfinished, ignore_errors=True)


def undo_interrupted(folder: StateFolder) -> None:
    """Restore the backup if the last deployment was interrupted."""
    if folder.before_deployment.exists():
        shutil.rmtree(folder.ministack, ignore_errors=True)
        folder.before_deployment.rename(folder.ministack)


def unsaved(folder: StateFolder) -> str:
    """Return why MiniStack did not save its data at its stop, and for how many services; empty if it did."""
    log = folder.logs / "ministack.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    failed = [line.partition(_NOT_SAVED)[2].partition(": ") for line in lines if _NOT_SAVED in line]
    reasons = dict.fromkeys(reason for _, _, reason in failed)
    if failed:
        return f"{', '.join(reasons)} ({len(failed)} services)"
    return "" if _is_saved(folder) else _KILLED


def _is_saved(folder: StateFolder) -> bool:
    """Return whether MiniStack, if it ran last, wrote its data after that run became ready."""
    state = folder.read()
    if state.backend != _BACKEND or not state.ready_since:
        return True
    written = (file.stat().st_mtime for file in folder.ministack.glob("*.json"))
    return max(written, default=0.0) >= state.ready_since


def _link(source: str, target: str) -> str:
    os.link(source, target)
    return target
