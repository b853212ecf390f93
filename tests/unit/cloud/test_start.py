"""The start of a cloud, and what its end records."""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import pytest

from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import identify
from chat4all_local.cloud.progress import silent
from chat4all_local.cloud.running import cloud_of
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.cloud.start import Start, _Starting, start
from chat4all_local.cloud.state import Component, Phase, ProcessId, State
from chat4all_local.cloud.supervise import supervise

HERE = identify(os.getpid())
URLS = dict.fromkeys(CHANNELS, "http://127.0.0.1:1")


class Interrupted(MiniStack):
    """A backend that stands for Ctrl-C before any process is started."""

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def without_components(monkeypatch: pytest.MonkeyPatch) -> None:
    def up(starting: _Starting, _: ExitStack) -> Start:
        state = State(phase=Phase.READY, launcher=identify(os.getpid()))
        starting.folder.write(state)
        return Start(cloud_of(starting.folder, State(components=(Component("all", HERE, URLS, ""),))), [])

    monkeypatch.setattr(_Starting, "up", up)


def run_and_supervise(folder: StateFolder, meanwhile: Callable[[], None]) -> None:
    with start(folder, silent, MiniStack()) as begun:
        meanwhile()
        supervise(begun.running, folder)


@pytest.mark.usefixtures("without_components")
def test_a_cloud_whose_folder_is_removed_ends_and_says_so(folder: StateFolder) -> None:
    with pytest.raises(CloudError, match="was removed or replaced while its cloud ran"):
        run_and_supervise(folder, lambda: shutil.rmtree(folder.path))

    assert not folder.path.exists()


@pytest.mark.usefixtures("without_components")
def test_a_cloud_whose_folder_another_took_leaves_its_record_alone(folder: StateFolder) -> None:
    other = State(phase=Phase.STARTING, launcher=ProcessId(1, 0.0), run="other")

    def replace_folder() -> None:
        shutil.rmtree(folder.path)
        folder.create()
        folder.write(other)

    with pytest.raises(CloudError, match="was removed or replaced while its cloud ran"):
        run_and_supervise(folder, replace_folder)

    assert folder.read() == other


def test_the_ports_outlive_a_start_that_was_interrupted(folder: StateFolder) -> None:
    # Given a cloud that was up, whose stack was deployed with the addresses of these ports
    ports = {"ministack": 4711, "whatsapp": 4712}
    folder.write(State(ports=ports))

    # When the next start is interrupted at once
    with pytest.raises(KeyboardInterrupt), start(folder, silent, Interrupted()):
        pass

    # Then the following start finds the ports, so that it does not deploy the stack again
    state = folder.read()
    assert (state.phase, state.ports) == (Phase.STOPPED, ports)
