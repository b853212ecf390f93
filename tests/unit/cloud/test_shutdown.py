import os
import subprocess
import sys
import threading
import time

import pytest

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import identify
from chat4all_local.cloud.shutdown import is_changing, shut_down
from chat4all_local.cloud.state import Component, Phase, ProcessId, State

# A launcher that takes the lock first and records its process later, as it may have to stop an earlier run.
LAUNCHER = """
import os, sys, time
from pathlib import Path
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import identify
from chat4all_local.cloud.state import State
folder = StateFolder(Path(sys.argv[1]))
with folder.locked():
    print("held", flush=True)
    sys.stdin.readline()
    folder.write(State(launcher=identify(os.getpid())))
    time.sleep(60)
"""


def test_a_launcher_that_has_only_begun_is_stopped_too(folder: StateFolder) -> None:
    command = [sys.executable, "-c", LAUNCHER, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdin is not None
        assert launcher.stdout.readline() == b"held\n"
        stopping = threading.Thread(target=shut_down, args=(folder,))
        stopping.start()
        try:
            time.sleep(0.2)  # meanwhile, `shut_down` finds no recorded launcher
            launcher.stdin.write(b"\n")
            launcher.stdin.flush()
            stopping.join(20)
            assert not stopping.is_alive()
        finally:
            launcher.kill()
            stopping.join()


def test_of_two_that_stop_at_once_the_second_waits_for_the_first(folder: StateFolder) -> None:
    with folder.locked():
        stopping = threading.Thread(target=shut_down, args=(folder,))
        errors: list[BaseException | None] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(StateFolder, "is_locked", lambda _: False)  # the launcher has just ended
            patched.setattr(threading, "excepthook", lambda args: errors.append(args.exc_value))
            stopping.start()
            time.sleep(1.0)  # longer than a launcher waits for the lock
            assert stopping.is_alive()
    stopping.join(20)
    assert not stopping.is_alive()
    assert errors == []


def test_a_stop_of_nothing_writes_nothing(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StateFolder, "write", lambda *_: pytest.fail("it wrote, though the disk may be full"))

    assert shut_down(folder) is False


HERE = identify(os.getpid())
GONE = ProcessId(HERE.pid, HERE.started - 100)


@pytest.mark.parametrize(
    ("phase", "process", "changing"),
    [
        (Phase.READY, HERE, False),
        (Phase.READY, GONE, True),
        (Phase.STOPPING, HERE, True),
        (Phase.STARTING, HERE, True),
        (Phase.STOPPED, HERE, True),
    ],
)
def test_only_a_cloud_that_is_ready_and_has_all_its_components_is_up(
    folder: StateFolder, phase: Phase, process: ProcessId, *, changing: bool
) -> None:
    folder.write(State(phase=phase, components=(Component("nanio", process, {}, "nanio.log"),)))

    assert is_changing(folder) is changing
