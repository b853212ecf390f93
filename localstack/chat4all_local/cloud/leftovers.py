"""The processes that a killed launcher left running."""

from collections.abc import Iterable, Iterator

import psutil

from chat4all_local.cloud.processes import find, stop
from chat4all_local.cloud.settings import RUN_MARK, STOPPED_WITHIN
from chat4all_local.cloud.state import State


def leftovers(state: State) -> list[psutil.Process]:
    """Return the running processes of the run that wrote `state`.

    A process belongs to the run if its number and start time are recorded, or if its environment has the
    run's mark. The mark also identifies Lambda workers and builds, which the state does not record.
    """
    found = {process.pid: process for process in recorded(state)}
    found.update((process.pid, process) for process in marked(state.run, psutil.process_iter()))
    return list(found.values())


def recorded(state: State) -> Iterator[psutil.Process]:
    for component in state.components:
        process = find(component.process)
        if process is not None:
            yield process


def marked(run: str, processes: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    if not run:
        return
    for process in processes:
        try:
            if process.environ().get(RUN_MARK) == run:
                yield process
        except (psutil.Error, OSError):
            continue  # the process has ended, or belongs to another user


def stop_leftovers(state: State) -> int:
    """Stop the leftover processes, and return their number."""
    found = leftovers(state)
    stop(found, STOPPED_WITHIN)
    return len(found)
