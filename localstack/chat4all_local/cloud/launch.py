"""Starts the components, waits until they are healthy, and ends them."""

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
    """A component ended before it was healthy: most often somebody took its port between our choosing it
    and its binding it, who may be gone again by now.
    """


@dataclass(frozen=True)
class Launched:
    component: Component
    process: "subprocess.Popen[bytes]"
    log: Path
    stopped_within: float

    def check_alive(self) -> None:
        """Raises ComponentFailed."""
        code = self.process.poll()
        if code is not None:
            raise ComponentFailed(
                f"{self.component.name} ended (exit {code})", tail(self.log), f"see: {self.log}"
            )


@contextmanager
def launched(folder: StateFolder, run: str, plans: Iterable[Plan]) -> Iterator[list[Launched]]:
    """Start the components. At the end, stop them all in the opposite order, also after another signal."""
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
    component = Component(plan.name, identify(process.pid), dict(plan.urls), log.name, plan.ready_url)
    return Launched(component, process, log, plan.stopped_within)


def wait_until_healthy(running: Sequence[Launched]) -> None:
    """Raises EndedEarly, ComponentFailed."""
    for launched_component in running:
        _wait_until_healthy(launched_component)


def _wait_until_healthy(one: Launched) -> None:
    def is_up() -> bool:
        if _listens(one) and is_healthy(one.component.urls.values(), one.component.ready_url):
            return True
        if one.process.poll() is not None:
            ended = f"{one.component.name} ended (exit {one.process.returncode}) before it was healthy"
            raise EndedEarly(ended, tail(one.log), f"see: {one.log}")
        return False

    try:
        wait_until(f"{one.component.name} is healthy", is_up, within_s=HEALTHY_WITHIN, every_s=POLL_EVERY)
    except TimeoutError as late:
        raise ComponentFailed(str(late), tail(one.log), f"see: {one.log}") from late


def _ports(one: Launched) -> set[int]:
    return {parse_url(url).port or 0 for url in one.component.urls.values()}


def _listens(one: Launched) -> bool:
    """Return whether our process listens on its ports, and no other process."""
    try:
        connections = psutil.Process(one.process.pid).net_connections("tcp")
    except psutil.Error:
        return False
    return _ports(one) <= {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}


def _end(one: Launched) -> None:
    """A signal may cut it short, and comes only once: then it begins anew."""
    try:
        _stop(one)
    except BaseException:
        _stop(one)
        raise


def _stop(one: Launched) -> None:
    with suppress(psutil.NoSuchProcess):
        stop([psutil.Process(one.process.pid)], one.stopped_within)
    one.process.wait()
