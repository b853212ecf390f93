import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chat4all_local.cloud import exit_with_parent
from chat4all_local.cloud.errors import ToolFailed
from chat4all_local.cloud.processes import find, identify, start_exiting_with_parent, stop
from chat4all_local.cloud.state import ProcessId
from chat4all_local.cloud.tools import run_tool, tail
from chat4all_local.waiting import wait_until
from tests.unit.cloud.conftest import Start

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(60)"
)


def test_a_process_that_does_not_heed_sigterm_is_killed(python: Start) -> None:
    stubborn = python(STUBBORN)
    assert stubborn.stdout is not None
    assert stubborn.stdout.readline() == b"ready\n"
    known = identify(stubborn.pid)
    stop([psutil.Process(stubborn.pid)], within=0.2)
    assert find(known) is None


def test_a_process_may_finish_its_work_after_sigterm(python: Start) -> None:
    tidy = python(
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('tidied')))\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    assert tidy.stdout is not None
    assert tidy.stdout.readline() == b"ready\n"
    stop([psutil.Process(tidy.pid)], within=20.0)
    assert tidy.stdout.readline() == b"tidied\n"


def test_a_process_is_found_by_number_and_start(python: Start) -> None:
    process = python()
    known = identify(process.pid)
    assert find(known) == psutil.Process(process.pid)
    assert find(ProcessId(known.pid, known.started + 60)) is None


@pytest.mark.parametrize("set_by_s", [-7200.0, -3600.0, 3600.0])
def test_a_process_is_found_after_the_clock_was_set(
    python: Start, monkeypatch: pytest.MonkeyPatch, set_by_s: float
) -> None:
    process = python()
    known = identify(process.pid)
    booted, created = psutil.boot_time, psutil.Process.create_time

    # Linux derives both times from the clock.
    monkeypatch.setattr(psutil, "boot_time", lambda: booted() + set_by_s)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + set_by_s)

    assert find(known) == psutil.Process(process.pid)


def test_a_suspended_process_finishes_its_work_too(python: Start) -> None:
    tidy = python(
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('tidied')))\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    assert tidy.stdout is not None
    assert tidy.stdout.readline() == b"ready\n"
    psutil.Process(tidy.pid).suspend()
    stop([psutil.Process(tidy.pid)], within=20.0)
    assert tidy.stdout.readline() == b"tidied\n"


def test_a_process_that_ended_but_was_not_waited_for_counts_as_gone(python: Start) -> None:
    process = python("pass")
    known = identify(process.pid)
    wait_until("the process is gone", lambda: find(known) is None, within_s=20.0)


def test_a_component_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent died; elsewhere the next start ends it")
    # Given a launcher with a component
    launcher_code = (
        "import os, sys, time; from pathlib import Path\n"
        "from chat4all_local.cloud.processes import start_exiting_with_parent\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "child = start_exiting_with_parent(command, os.environ, Path(sys.argv[1]), Path('.'))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", launcher_code, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        component = identify(int(launcher.stdout.readline()))
        # When the launcher is killed, so that it cannot stop the component
        launcher.kill()
    # Then the component ends, too
    wait_until("the component is gone", lambda: find(component) is None, within_s=20.0)


def test_a_component_does_not_start_for_a_launcher_that_is_gone() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent died")
    nobody = 2**22 + 1
    command = [
        sys.executable,
        "-I",
        "-S",
        exit_with_parent.__file__,
        str(nobody),
        sys.executable,
        "-c",
        "print('ran')",
    ]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 1
    assert result.stdout == b""


def test_what_a_component_says_goes_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"]
    assert start_exiting_with_parent(command, {}, log, tmp_path).wait(20) == 0
    assert sorted(log.read_text().split()) == ["err", "out"]


def test_a_tool_that_fails_is_reported_with_the_end_of_its_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('first'); print('it is broken'); raise SystemExit(3)"]
    with pytest.raises(ToolFailed, match=r"sam build failed \(exit 3\)") as failure:
        run_tool("sam build", command, {}, tmp_path / "log", tmp_path)
    assert failure.value.log.endswith("it is broken")


def test_the_log_of_a_tool_is_of_its_last_run(tmp_path: Path) -> None:
    for word in ("one", "two"):
        run_tool("echo", [sys.executable, "-c", f"print('{word}')"], {}, tmp_path / "log", tmp_path)
    assert tail(tmp_path / "log") == "two"


def test_the_end_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"1\n2\n\xff\n")
    assert tail(tmp_path / "log", lines=2) == "2\n\N{REPLACEMENT CHARACTER}"
    assert tail(tmp_path / "none") == ""
