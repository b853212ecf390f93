"""What of a cloud is running, how much memory it takes, and whether it is well."""

from enum import StrEnum

import msgspec
import psutil

from chat4all_local.cloud.backends.choice import BackendName
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.health import is_healthy
from chat4all_local.cloud.processes import find, with_descendants
from chat4all_local.cloud.state import Component, Phase, State


class Health(StrEnum):
    UP = "UP"
    SILENT = "SILENT"
    DOWN = "DOWN"


class ProcessUse(msgspec.Struct, frozen=True):
    """`memory` in bytes: on Linux the proportional set (shared pages divided among their users), else resident."""

    pid: int
    memory: int


class ComponentUse(msgspec.Struct, frozen=True):
    """SILENT is a process that lives and does not answer."""

    name: str
    health: Health
    process: ProcessUse | None
    urls: dict[str, str]


class FunctionUse(msgspec.Struct, frozen=True):
    """A function and its workers, which the cloud starts when they are needed and keeps warm for a while."""

    name: str
    workers: tuple[ProcessUse, ...]


class Inspection(msgspec.Struct, frozen=True):
    """`memory` is of all processes together, in bytes; `ended` why the last run ended, where nobody had asked for it."""

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
        state = State(ports=state.ports, ended=state.ended)
    components = (*_elsewhere(state), *(_component(component) for component in state.components))
    functions = _functions(state)
    everything = [one.process for one in components if one.process]
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


def _elsewhere(state: State) -> tuple[ComponentUse, ...]:
    """A cloud that is not ours: of it only its address is known."""
    if state.backend != BackendName.EXTERNAL or not state.aws_url:
        return ()
    health = Health.UP if is_healthy([state.aws_url]) else Health.SILENT
    return (ComponentUse("external cloud", health, None, {"aws": state.aws_url}),)


def _component(component: Component) -> ComponentUse:
    process = find(component.process)
    use = _use(process) if process else None
    if use is None:
        return ComponentUse(component.name, Health.DOWN, None, component.urls)
    health = Health.UP if is_healthy(component.urls.values(), component.ready_url) else Health.SILENT
    return ComponentUse(component.name, health, use, component.urls)


def _functions(state: State) -> tuple[FunctionUse, ...]:
    workers: dict[str, list[ProcessUse]] = {}
    for component in state.components:
        process = find(component.process)
        if process is None:
            continue
        for child in with_descendants([process]):
            name, use = _function_name(child), _use(child)
            if name and use:
                workers.setdefault(name, []).append(use)
    return tuple(FunctionUse(name, tuple(uses)) for name, uses in sorted(workers.items()))


def _function_name(process: psutil.Process) -> str:
    try:
        return process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
    except psutil.Error:
        return ""


def _use(process: psutil.Process) -> ProcessUse | None:
    try:
        if psutil.LINUX:
            return ProcessUse(process.pid, process.memory_full_info().pss)
        return ProcessUse(process.pid, process.memory_info().rss)
    except psutil.Error:
        return None
