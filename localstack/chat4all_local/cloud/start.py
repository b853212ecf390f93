"""Start a local cloud, deploy to it, and always stop it at the end."""

import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from chat4all_local.cloud.answering import wait_until_answering
from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.build import Build, built
from chat4all_local.cloud.deployment import (
    deploy,
    is_deployed,
    let_live_follow,
    outputs,
    parameters,
    wanted_digest,
)
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.journal import journal_report, unsaved_by
from chat4all_local.cloud.launch import EndedEarly, Launched, launched, wait_until_healthy
from chat4all_local.cloud.leftovers import leftovers
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.processes import identify, stop
from chat4all_local.cloud.progress import Progress, silent, step
from chat4all_local.cloud.provision import provision
from chat4all_local.cloud.running import Cloud, aws_of, cloud_of
from chat4all_local.cloud.settings import STACK, START_ATTEMPTS, STOPPED_WITHIN
from chat4all_local.cloud.state import Phase, State, stopped
from chat4all_local.cloud.temporary import temporary_place


@dataclass(frozen=True)
class Start:
    """A cloud that is up, and its processes for the supervisor."""

    cloud: Cloud
    running: list[Launched]


@contextmanager
def started(
    path: Path | None = None,
    *,
    progress: Progress = silent,
    backend: Backend | None = None,
    stack_name: str = STACK,
) -> Iterator[Cloud]:
    """Run a cloud during the block: in `path`, or else in a temporary folder; by default on MiniStack.

    Call it from the main thread, or from another thread that outlives the block: the components end with the
    thread that started them (see `exit_with_parent`). Raises CloudError.
    """
    with ExitStack() as stack:
        if path is None:
            path = stack.enter_context(temporary_place(Path(tempfile.gettempdir())))
        running = start(StateFolder(path), progress, backend or MiniStack(), stack_name)
        yield stack.enter_context(running).cloud


@contextmanager
def start(
    folder: StateFolder, progress: Progress, backend: Backend, stack_name: str = STACK
) -> Iterator[Start]:
    """Start a cloud in `folder`, and stop it at the end of the block.

    Raises Busy if another launcher uses the folder, and every other CloudError.
    """
    folder.create()
    with folder.locked():
        before = folder.read()
        if left := leftovers(before):
            with step(progress, "Stop processes that an earlier run left"):
                stop(left, STOPPED_WITHIN)
        folder.empty_tmp()
        with _recorded_end(folder) as running, ExitStack() as stack:
            begun = _Starting(folder, progress, backend, stack_name, before).up(stack)
            running.extend(begun.running)
            stack.callback(_record_stopping, folder)
            yield begun


def _record_stopping(folder: StateFolder) -> None:
    if folder.is_of_this_launcher():
        folder.write(replace(folder.read(), phase=Phase.STOPPING))


@contextmanager
def _recorded_end(folder: StateFolder) -> Iterator[list[Launched]]:
    """Record the end of a run, its reason if an error ended it, and what its components did not save."""
    ended = ""
    running: list[Launched] = []
    try:
        yield running
    except CloudError as error:
        ended = error.message
        raise
    finally:
        if folder.is_of_this_launcher():
            last = replace(folder.read(), ended=ended, unsaved=_unsaved(running))
            folder.write(stopped(last))


def _unsaved(ended: Iterable[Launched]) -> str:
    codes = [launch.process.poll() for launch in ended if launch.component.journal_url]
    return "; ".join(filter(None, map(unsaved_by, codes)))


def _recovery(running: Iterable[Launched]) -> str:
    return "; ".join(filter(None, (journal_report(launch.component).recovery for launch in running)))


@dataclass(frozen=True)
class _Starting:
    """A start in `folder` after a run with the state `before`."""

    folder: StateFolder
    progress: Progress
    backend: Backend
    stack_name: str
    before: State

    def up(self, stack: ExitStack) -> Start:
        state = State(
            phase=Phase.STARTING,
            backend=self.backend.name,
            event_stream=self.backend.event_stream,
            roles=self.backend.roles,
            stack=self.stack_name,
            run=uuid.uuid4().hex,
            launcher=identify(os.getpid()),
            ports=self.before.ports,
            api_key=self.before.api_key,
        )
        self.folder.write(state)
        state, running, build = self._components_up(state, stack)
        state = self._deployed(state, build)
        with step(self.progress, "Credentials, webhooks, API key"):
            state = replace(state, api_key=provision(cloud_of(self.folder, state)), phase=Phase.READY)
        cloud = cloud_of(self.folder, state)
        with step(self.progress, "Check the health of the API"):
            wait_until_answering(cloud, running)
        self.folder.write(state)
        return Start(cloud, running)

    def _components_up(self, state: State, stack: ExitStack) -> tuple[State, list[Launched], Build]:
        """Start the components, and wait until they are healthy. They prefer the ports of the last run."""
        for preferred in (self.before.ports, *({} for _ in range(START_ATTEMPTS - 2))):
            with suppress(EndedEarly):
                return self._launch_and_build(state, preferred, stack)
        return self._launch_and_build(state, {}, stack)

    def _launch_and_build(
        self, state: State, preferred: Mapping[str, int], stack: ExitStack
    ) -> tuple[State, list[Launched], Build]:
        with ExitStack() as attempt:
            ports = choose_ports(self.backend.port_names, preferred)
            self.backend.prepare(self.folder, ports)
            plans = self.backend.plans(self.folder, ports, self.stack_name)
            running = attempt.enter_context(launched(self.folder, state.run, plans))
            endpoints = self.backend.endpoints(ports)
            state = replace(
                state,
                ports={**self.before.ports, **ports},
                components=tuple(process.component for process in running),
                aws_url=endpoints.aws,
                s3_url=endpoints.s3,
            )
            self.folder.write(state)
            build = built(self.folder, state.run, self.progress)  # while the components start
            with step(self.progress, self.backend.title):
                wait_until_healthy(running)
            state = replace(state, recovery=_recovery(running))
            self.folder.write(state)
            stack.push(attempt.pop_all())
        return state, running, build

    def _deployed(self, state: State, build: Build) -> State:
        aws = aws_of(state)
        given = parameters(state, self.backend.parameters(self.backend.endpoints(state.ports)))
        with step(self.progress, "Compare the deployed stack"):
            deployed = is_deployed(aws, state.stack, wanted_digest(build, given))
        if not deployed:
            state = replace(state, phase=Phase.DEPLOYING)
            self.folder.write(state)
            with step(self.progress, "Deploy the stack"):
                deploy(state, build, given)
                let_live_follow(aws, state.stack)
        api_id = outputs(aws, state.stack)["ApiId"]
        return replace(state, api_url=f"{aws.endpoint}/_aws/execute-api/{api_id}/api")
