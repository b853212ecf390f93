"""The state of a cloud: its running processes, their memory, and its health."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec
import psutil

from chat4all_local.cloud.backends.choice import BackendName
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.health import is_healthy
from chat4all_local.cloud.journal import journal_report
from chat4all_local.cloud.processes import find, function_of, memory_of, with_descendants
from chat4all_local.cloud.state import Component, Phase, State

OTHERS: Final = "others"


class Health(StrEnum):
    UP = "UP"
    REFUSING = "REFUSING"
    SILENT = "SILENT"
    DOWN = "DOWN"


class ProcessUse(msgspec.Struct, frozen=True):
    """A process; `memory` is in bytes, as `memory_of` counts it."""

    pid: int
    memory: int


class ComponentUse(msgspec.Struct, frozen=True):
    """A component. SILENT: its process is alive but does not answer. REFUSING: it refuses changes.

    `problem` says why it refuses changes.
    """

    name: str
    health: Health
    process: ProcessUse | None
    urls: dict[str, str]
    problem: str = ""


class FunctionUse(msgspec.Struct, frozen=True):
    """A function and its workers, which the cloud starts when they are needed and keeps warm for a while."""

    name: str
    workers: tuple[ProcessUse, ...]


class Inspection(msgspec.Struct, frozen=True):
    """The state of a cloud. `memory`: bytes of all processes. `ended`: why the last run failed."""

    folder: str
    phase: Phase
    api_url: str
    components: tuple[ComponentUse, ...]
    functions: tuple[FunctionUse, ...]
    memory: int
    ended: str


def inspect(folder: StateFolder) -> Inspection:
    state = folder.read()
    if not folder.is_locked():
        state = State(ports=state.ports, ended=state.why_ended)
    components = (*_external_cloud(state), *(_component(component) for component in state.components))
    functions = _functions(state)
    everything = [component.process for component in components if component.process]
    everything += [worker for function in functions for worker in function.workers]
    return Inspection(
        folder=str(folder.path),
        phase=state.phase,
        api_url=state.api_url,
        components=components,
        functions=functions,
        memory=sum(use.memory for use in everything),
        ended=state.ended,
    )


def _external_cloud(state: State) -> tuple[ComponentUse, ...]:
    """Return the external cloud as a component, if that is the backend. Only its address is known."""
    if state.backend != BackendName.EXTERNAL or not state.aws_url:
        return ()
    health = Health.UP if is_healthy([state.aws_url]) else Health.SILENT
    return (ComponentUse("external cloud", health, None, {"aws": state.aws_url}),)


def _component(component: Component) -> ComponentUse:
    process = find(component.process)
    use = _use(process) if process else None
    if use is None:
        return ComponentUse(component.name, Health.DOWN, None, component.urls)
    if not is_healthy(component.urls.values(), component.ready_url):
        return ComponentUse(component.name, Health.SILENT, use, component.urls)
    problem = journal_report(component).problem
    return ComponentUse(
        component.name, Health.REFUSING if problem else Health.UP, use, component.urls, problem
    )


def processes_of(components: Iterable[Component]) -> Iterator[tuple[str, psutil.Process]]:
    """Yield every process with the name of its component, or of the function that it runs, or else OTHERS."""
    for component in components:
        if process := find(component.process):
            yield component.name, process
            for child in with_descendants([process])[1:]:
                yield function_of(child) or OTHERS, child


def _functions(state: State) -> tuple[FunctionUse, ...]:
    workers: dict[str, list[ProcessUse]] = {}
    for name, process in processes_of(state.components):
        if function_of(process) and (use := _use(process)):
            workers.setdefault(name, []).append(use)
    return tuple(FunctionUse(name, tuple(uses)) for name, uses in sorted(workers.items()))


def _use(process: psutil.Process) -> ProcessUse | None:
    try:
        return ProcessUse(process.pid, memory_of(process))
    except psutil.Error:
        return None
