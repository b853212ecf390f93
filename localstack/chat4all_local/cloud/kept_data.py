"""MiniStack's data across a deployment that may be cut short."""

import os
import shutil

from chat4all_local.cloud.folder import StateFolder


def remember_before(folder: StateFolder) -> None:
    """Keeps MiniStack's data as they were before a deployment.

    MiniStack writes its state when it is told to stop, also in the middle of a deployment, which it cannot take
    up again. It replaces files and never changes one, so links to them are a copy.
    """
    shutil.rmtree(folder.before_deployment, ignore_errors=True)
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    shutil.copytree(folder.ministack, folder.unfinished, copy_function=_link)
    folder.unfinished.rename(folder.before_deployment)


def forget_before(folder: StateFolder) -> None:
    """At once: half of it would be taken for the whole by the next start."""
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    folder.before_deployment.rename(folder.unfinished)
    shutil.rmtree(folder.unfinished, ignore_errors=True)


def undo_interrupted(folder: StateFolder) -> None:
    """A deployment that did not come to its end never was."""
    if folder.before_deployment.exists():
        shutil.rmtree(folder.ministack, ignore_errors=True)
        folder.before_deployment.rename(folder.ministack)


def _link(source: str, target: str) -> str:
    os.link(source, target)
    return target
