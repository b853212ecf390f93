"""Find and kill the processes that run the functions."""

from collections.abc import Iterable
from contextlib import suppress

import psutil

from chat4all_local.cloud.processes import function_of
from chat4all_local.cloud.running import Cloud


def component(cloud: Cloud, name: str) -> psutil.Process:
    """Return the process of the component `name`: a backend, `nanio`, or the simulators."""
    found = next(component for component in cloud.folder.read().components if component.name == name)
    return psutil.Process(found.process.pid)


def workers(cloud: Cloud, function: str) -> list[psutil.Process]:
    """Return the processes that run the function now."""
    children = component(cloud, cloud.folder.read().backend).children(recursive=True)
    return [child for child in children if function_of(child) == f"{cloud.stack}-{function}"]


def kill(processes: Iterable[psutil.Process]) -> int:
    """Kill the processes with SIGKILL, and return the number of those that were still alive."""
    killed = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                killed += 1
    return killed
