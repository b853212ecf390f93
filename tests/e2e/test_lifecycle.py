"""A cloud that stops and starts: messages in progress arrive later, and commands report the true state."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import Inspection
from chat4all_local.cloud.processes import find
from chat4all_local.cloud.running import Cloud, connect
from tests.e2e.stage import stage_of
from tests.e2e.waiting import eventually

PROGRAM = str(Path(sys.executable).with_name("chat4all"))
WITHIN_S = 120.0


class Machine:
    """The command line on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = StateFolder(folder)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [PROGRAM, *arguments, "--state", str(self.folder.path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)

    def up(self) -> Cloud:
        done = self.run("up", "--detach")
        assert done.returncode == 0, done.stdout + done.stderr
        return connect(self.folder)

    def status(self) -> Inspection:
        return msgspec.json.decode(self.run("status", "--json").stdout, type=Inspection)

    def kill(self, name: str) -> None:
        (component,) = [component for component in self.folder.read().components if component.name == name]
        process = find(component.process)
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait(WITHIN_S)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("lifecycle") / "cloud")
    yield machine
    machine.run("down", "--purge")


@pytest.mark.parametrize("pause_s", [0.0, 0.3, 0.6, 1.0])
def test_what_was_accepted_is_read_after_a_down_at_any_time(machine: Machine, pause_s: float) -> None:
    with stage_of(machine.up()) as stage:
        talks = [
            stage.talk(stage.customer(channel)) for channel in ("whatsapp", "instagram") for _ in range(5)
        ]
        said = [stage.say(talk, "before it goes down") for talk in talks]
    time.sleep(pause_s)

    assert machine.run("down").returncode == 0

    with stage_of(machine.up()) as stage:
        for message_id in said:
            stage.reaches(message_id, "READ")


def test_up_right_after_a_component_died_waits_and_starts_anew(machine: Machine) -> None:
    before = machine.up().folder.read().run
    machine.kill("nanio")

    after = machine.up().folder.read().run

    assert after != before
    assert machine.run("status").returncode == 0


def test_why_a_cloud_ended_is_told_to_whoever_asks(machine: Machine) -> None:
    machine.up()
    machine.kill("simulators")
    eventually(lambda: not machine.folder.is_locked())

    status, refused = machine.run("status"), machine.run("send", "conversation", "text")

    assert (status.returncode, refused.returncode) == (1, 1)
    assert "not running: simulators ended (exit -9)" in status.stdout
    assert "not running: simulators ended (exit -9)" in refused.stderr
    assert machine.run("down").returncode == 0
    assert machine.status().ended == ""


def test_a_cloud_whose_port_was_taken_moves_and_goes_on_and_nothing_else_moves(machine: Machine) -> None:
    # Given a message to a customer, and a MiniStack whose port another process takes while the cloud is down
    with stage_of(machine.up()) as stage:
        talk = stage.talk(stage.customer("whatsapp"))
        stage.reaches(stage.say(talk, "before the move"), "READ")
    before = machine.folder.read().ports
    assert machine.run("down").returncode == 0
    with socket.create_server(("127.0.0.1", before["ministack"])):
        # When the cloud is started
        with stage_of(machine.up()) as stage:
            # Then the conversation goes on, and only MiniStack has another port
            stage.reaches(stage.say(talk, "after the move"), "READ")
        after = machine.folder.read().ports
    assert {name for name in before if before[name] != after[name]} == {"ministack"}
    assert machine.run("status").returncode == 0


def test_of_two_that_start_at_once_one_waits_for_the_other(machine: Machine) -> None:
    command = [PROGRAM, "up", "--detach", "--state", str(machine.folder.path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]

    told = [process.communicate(timeout=WITHIN_S)[0].decode() for process in both]

    assert [process.returncode for process in both] == [0, 0], told
    assert machine.run("status").returncode == 0
