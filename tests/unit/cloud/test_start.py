"""An interrupted start does not make the next start slower."""

from collections.abc import Mapping

import pytest

from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.progress import silent
from chat4all_local.cloud.start import start
from chat4all_local.cloud.state import Phase, State


class Interrupted(MiniStack):
    """A backend that stands for Ctrl-C before any process is started."""

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        raise KeyboardInterrupt


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
