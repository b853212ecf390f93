"""Stop a cloud that another process runs, or the remaining processes of a cloud."""

from collections.abc import Callable
from contextlib import suppress

import psutil
from msgspec.structs import replace

from chat4all_local.cloud.errors import Busy
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.journal import journal_report
from chat4all_local.cloud.leftovers import stop_leftovers
from chat4all_local.cloud.processes import end, find
from chat4all_local.cloud.settings import POLL_EVERY, STOPPED_WITHIN
from chat4all_local.cloud.state import Phase, ProcessId, stopped
from chat4all_local.waiting import wait_until


def shut_down(folder: StateFolder) -> bool:
    """Stop every component, which saves its data. Return whether any was running. Raises Busy, NotOurs."""
    folder.check_ours()
    if not folder.path.exists():
        return False
    was_up = folder.is_locked()
    if was_up:
        _stop_launcher(folder)
    with folder.locked(STOPPED_WITHIN):  # another `down` may be stopping the same processes
        state = folder.read()
        left = stop_leftovers(state)
        after = replace(stopped(state), ended="")
        if after != state:  # on a full disk, a stop without a change to record must not fail
            folder.write(after)
    return was_up or left > 0


def storage_problem(folder: StateFolder) -> str:
    """Return why the running cloud cannot store changes; empty if it can, or if it does not run."""
    components = folder.read().components if folder.is_locked() else ()
    problems = filter(None, (journal_report(component).problem for component in components))
    return "; ".join(f"changes cannot be stored: {problem}" for problem in problems)


def is_changing(folder: StateFolder) -> bool:
    """Return whether the launcher that locks the folder is starting or stopping its cloud."""
    state = folder.read()
    return state.phase is not Phase.READY or any(
        find(component.process) is None for component in state.components
    )


def wait_while_changing(folder: StateFolder) -> None:
    """Wait until the launcher has started or stopped its cloud. Raises Busy after a while."""
    _wait(folder, lambda: not folder.is_locked() or not is_changing(folder))


def _stop_launcher(folder: StateFolder) -> None:
    """Send SIGTERM to the launcher once, as soon as it has recorded its process. Raises Busy."""
    signalled: ProcessId | None = None

    def has_ended() -> bool:
        nonlocal signalled
        if not folder.is_locked():
            return True
        launcher = folder.read().launcher
        if launcher is not None and launcher != signalled and (process := find(launcher)):
            with suppress(psutil.NoSuchProcess):
                end(process)
            signalled = launcher
        return False

    _wait(folder, has_ended)


def _wait(folder: StateFolder, is_so: Callable[[], bool]) -> None:
    what = f"the launcher of {folder.path} ends"
    try:
        wait_until(what, is_so, within_s=3 * STOPPED_WITHIN, every_s=POLL_EVERY)
    except TimeoutError as late:
        raise Busy(str(late), "see: chat4all status") from late
