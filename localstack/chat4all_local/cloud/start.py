"""Starts a local cloud, deploys to it, and stops it again whatever happens."""

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from chat4all_local.cloud.build import Build, built
from chat4all_local.cloud.components import PORT_NAMES
from chat4all_local.cloud.deployment import (
    api_id,
    deploy,
    forget_before,
    is_deployed,
    remember_before,
    undo_interrupted,
    wanted_digest,
)
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.furnish import furnish
from chat4all_local.cloud.introductions import introduce_again
from chat4all_local.cloud.launch import EndedEarly, Launched, launched, wait_until_healthy
from chat4all_local.cloud.leftovers import leftovers
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.processes import identify, stop
from chat4all_local.cloud.progress import Progress, silent, step
from chat4all_local.cloud.queue_urls import move_queues
from chat4all_local.cloud.running import Cloud, aws_of, cloud_of
from chat4all_local.cloud.settings import START_ATTEMPTS, STOPPED_WITHIN
from chat4all_local.cloud.state import Phase, State


@dataclass(frozen=True)
class Start:
    """A cloud that is up, and its processes for whoever watches over them."""

    cloud: Cloud
    running: list[Launched]


@contextmanager
def started(path: Path | None = None, *, progress: Progress = silent) -> Iterator[Cloud]:
    """A cloud of one's own for the time of the block: in `path`, else in a temporary folder.

    Call it from the main thread, or one that outlives the block: the components end with the thread that
    started them (see `tether`). Raises CloudError.
    """
    with ExitStack() as stack:
        if path is None:
            temporary = tempfile.TemporaryDirectory(prefix="chat4all-", ignore_cleanup_errors=True)
            path = Path(stack.enter_context(temporary))
        yield stack.enter_context(start(StateFolder(path), progress)).cloud


@contextmanager
def start(folder: StateFolder, progress: Progress) -> Iterator[Start]:
    """Raises Busy where another launcher holds the folder, and every other CloudError."""
    folder.create()
    with folder.locked():
        before = folder.read()
        if left := leftovers(before):
            with step(progress, "Stop what an earlier run left running"):
                stop(left, STOPPED_WITHIN)
        undo_interrupted(folder)
        folder.create()
        folder.empty_tmp()
        try:
            with ExitStack() as stack:
                yield _up(folder, before, progress, stack)
        finally:
            folder.write(replace(folder.read(), phase=Phase.STOPPED, launcher=None, components=()))


def _up(folder: StateFolder, before: State, progress: Progress, stack: ExitStack) -> Start:
    state = State(
        phase=Phase.STARTING, run=uuid.uuid4().hex, launcher=identify(os.getpid()), api_key=before.api_key
    )
    folder.write(state)
    state, running, build = _components_up(folder, state, before.ports, progress, stack)
    state = _deployed(folder, state, build, progress)
    with step(progress, "Credentials, webhooks, API key"):
        state = replace(state, api_key=furnish(cloud_of(folder, state)), phase=Phase.READY)
    cloud = cloud_of(folder, state)
    if before.api_key:
        with step(progress, "Introduce the customers to the simulators"):
            introduce_again(cloud)
    folder.write(state)
    return Start(cloud, running)


def _components_up(
    folder: StateFolder, state: State, remembered: Mapping[str, int], progress: Progress, stack: ExitStack
) -> tuple[State, list[Launched], Build]:
    """Healthy, on the ports of last time where they are free; on others where one is taken under our hands."""
    for wished in (remembered, *({} for _ in range(START_ATTEMPTS - 2))):
        with suppress(EndedEarly):
            return _launch_and_build(folder, state, wished, progress, stack)
    return _launch_and_build(folder, state, {}, progress, stack)


def _launch_and_build(
    folder: StateFolder, state: State, wished: Mapping[str, int], progress: Progress, stack: ExitStack
) -> tuple[State, list[Launched], Build]:
    with ExitStack() as attempt:
        ports = choose_ports(PORT_NAMES, wished)
        move_queues(folder.ministack, ports["ministack"])
        running = attempt.enter_context(launched(folder, state.run, ports))
        state = replace(state, ports=ports, components=tuple(one.component for one in running))
        folder.write(state)
        build = built(folder, state.run, progress)  # while the components come up
        with step(progress, "Start MiniStack, nanio and the simulators"):
            wait_until_healthy(running)
        stack.push(attempt.pop_all())
    return state, running, build


def _deployed(folder: StateFolder, state: State, build: Build, progress: Progress) -> State:
    aws = aws_of(state)
    if not is_deployed(aws, wanted_digest(build, state)):
        remember_before(folder)
        state = replace(state, phase=Phase.DEPLOYING)
        folder.write(state)
        with step(progress, "Deploy the stack (sam deploy)"):
            deploy(folder, state, aws, build)
        forget_before(folder)
    return replace(state, api_url=f"{aws.endpoint}/_aws/execute-api/{api_id(aws)}/api")
