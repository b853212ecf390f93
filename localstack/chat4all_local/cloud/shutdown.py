"""Ends a cloud that another process runs, or what is left of it."""

import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
from msgspec.structs import replace

from chat4all_local.cloud.errors import Busy
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.leftovers import stop_leftovers
from chat4all_local.cloud.processes import find
from chat4all_local.cloud.settings import POLL_EVERY, STOPPED_WITHIN
from chat4all_local.cloud.state import Phase, stopped


def shut_down(folder: StateFolder) -> bool:
    """Whether anything ran. Every component has ended, and written its data, when this returns. Raises Busy, NotOurs."""
    folder.check_ours()
    if not folder.path.exists():
        return False
    was_up = folder.is_locked()
    if was_up:
        _stop_launcher(folder)
    with folder.locked():
        state = folder.read()
        left = stop_leftovers(state)
        folder.write(replace(stopped(state), ended=""))
    return was_up or left > 0


def is_changing(folder: StateFolder) -> bool:
    """Whether what has the folder begins, or is about to end: one of its components has, or it was told to."""
    state = folder.read()
    return state.phase is not Phase.READY or any(find(one.process) is None for one in state.components)


def wait_while_changing(folder: StateFolder) -> None:
    """Raises Busy."""
    for _ in _while_locked(folder):
        if not is_changing(folder):
            return


def _stop_launcher(folder: StateFolder) -> None:
    """It is told once: as soon as it has written down who it is, which it does after it has cleared up."""
    told = None
    for _ in _while_locked(folder):
        launcher = folder.read().launcher
        if launcher is not None and launcher != told and (process := find(launcher)):
            with suppress(psutil.NoSuchProcess):
                process.terminate()
            told = launcher


def _while_locked(folder: StateFolder) -> Iterator[None]:
    """Again and again. Raises Busy."""
    deadline = time.monotonic() + 3 * STOPPED_WITHIN
    while folder.is_locked():
        yield
        if time.monotonic() > deadline:
            raise Busy(f"the launcher of {folder.path} does not come to its end", "see: chat4all status")
        time.sleep(POLL_EVERY)
