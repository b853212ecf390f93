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


@pytest.mark.parametrize(
    ("before", "lost"),
    [
        (State(ready_since=1.0), "MiniStack was killed"),
        (State(lost="MiniStack was killed"), "MiniStack was killed"),
        (State(), ""),
    ],
    ids=["killed", "killed before an interrupted start", "never ready"],
)
def test_a_start_knows_what_the_run_before_it_lost(folder: StateFolder, before: State, lost: str) -> None:
    folder.write(before)

    with pytest.raises(KeyboardInterrupt), start(folder, silent, Interrupted()):
        pass

    assert folder.read().lost == lost
