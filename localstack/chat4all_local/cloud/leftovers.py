"""The processes that a killed launcher left, recognized among all processes."""

from collections.abc import Iterable, Iterator

import psutil

from chat4all_local.cloud.processes import find, stop
from chat4all_local.cloud.settings import RUN_MARK, STOPPED_WITHIN
from chat4all_local.cloud.state import State


def leftovers(state: State) -> list[psutil.Process]:
    """The processes of the run that wrote `state`.

    Two proofs, each enough: the recorded number together with the recorded start time, or the run's mark in
    the process's environment. The mark finds Lambda workers and builds too, which nobody recorded.
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
            continue  # it has ended, or is another user's


def stop_leftovers(state: State) -> int:
    """Returns how many there were."""
    found = leftovers(state)
    stop(found, STOPPED_WITHIN)
    return len(found)
