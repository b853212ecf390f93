"""Start the components, wait until they are healthy, and stop them."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from urllib3.util import parse_url

from chat4all_local.cloud.backends.backend import Plan
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.environment import component_environment
from chat4all_local.cloud.errors import ComponentFailed
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.health import is_healthy
from chat4all_local.cloud.processes import identify, start_exiting_with_parent, stop
from chat4all_local.cloud.settings import HEALTHY_WITHIN, POLL_EVERY
from chat4all_local.cloud.state import Component
from chat4all_local.cloud.tools import tail
from chat4all_local.waiting import wait_until


class EndedEarly(ComponentFailed):
    """A component ended before it was healthy.

    Most often another process took its port after the launcher had chosen it. Another attempt may succeed.
    """


@dataclass(frozen=True)
class Launched:
    """A started component, its process and its log."""

    component: Component
    process: "subprocess.Popen[bytes]"
    log: Path
    stopped_within: float

    def check_alive(self) -> None:
        """Raise ComponentFailed if the process has ended."""
        code = self.process.poll()
        if code is not None:
            raise ComponentFailed(
                f"{self.component.name} ended (exit {code})", tail(self.log), f"see: {self.log}"
            )


@contextmanager
def launched(folder: StateFolder, run: str, plans: Iterable[Plan]) -> Iterator[list[Launched]]:
    """Start the components, and stop them in reverse order after the block, even at a second signal."""
    running: list[Launched] = []
    with ExitStack() as ending:
        for plan in plans:
            running.append(_launch(plan, folder, run))
            ending.callback(_end, running[-1])
        yield running


def _launch(plan: Plan, folder: StateFolder, run: str) -> Launched:
    log = folder.logs / f"{plan.name}.log"
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
    environment = component_environment(run, plan.environment)
    process = start_exiting_with_parent(plan.command, environment, log, ROOT)
    component = Component(
        plan.name, identify(process.pid), dict(plan.urls), log.name, plan.ready_url, plan.journal_url
    )
    return Launched(component, process, log, plan.stopped_within)


def wait_until_healthy(running: Sequence[Launched]) -> None:
    """Wait until every component is healthy. Raises EndedEarly, ComponentFailed."""
    for launch in running:
        _wait_until_healthy(launch)


def _wait_until_healthy(launch: Launched) -> None:
    def is_up() -> bool:
        if _listens(launch) and is_healthy(launch.component.urls.values(), launch.component.ready_url):
            return True
        if launch.process.poll() is not None:
            ended = f"{launch.component.name} ended (exit {launch.process.returncode}) before it was healthy"
            raise EndedEarly(ended, tail(launch.log), f"see: {launch.log}")
        return False

    try:
        wait_until(f"{launch.component.name} is healthy", is_up, within_s=HEALTHY_WITHIN, every_s=POLL_EVERY)
    except TimeoutError as late:
        raise ComponentFailed(str(late), tail(launch.log), f"see: {launch.log}") from late


def _ports(launch: Launched) -> set[int]:
    return {parse_url(url).port or 0 for url in launch.component.urls.values()}


def _listens(launch: Launched) -> bool:
    """Return whether the component's own process listens on all its ports."""
    try:
        connections = psutil.Process(launch.process.pid).net_connections("tcp")
    except psutil.Error:
        return False
    return _ports(launch) <= {
        connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN
    }


def _end(launch: Launched) -> None:
    """Stop the component. A signal may interrupt the stop, but only once: then the stop is repeated."""
    try:
        _stop(launch)
    except BaseException:
        _stop(launch)
        raise


def _stop(launch: Launched) -> None:
    with suppress(psutil.NoSuchProcess):
        stop([psutil.Process(launch.process.pid)], launch.stopped_within)
    launch.process.wait()
