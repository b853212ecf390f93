import os

import psutil

from chat4all_local.cloud.leftovers import leftovers, stop_leftovers
from chat4all_local.cloud.processes import find, identify
from chat4all_local.cloud.settings import RUN_MARK
from chat4all_local.cloud.state import Component, ProcessId, State
from chat4all_local.waiting import wait_until
from tests.unit.cloud.conftest import Start


def component(process: ProcessId) -> Component:
    return Component("ministack", process, {}, "ministack.log")


def pids(state: State) -> set[int]:
    return {process.pid for process in leftovers(state)}


def test_a_recorded_process_is_a_leftover(python: Start) -> None:
    left = python()
    assert pids(State(run="mine", components=(component(identify(left.pid)),))) == {left.pid}


def test_a_process_that_only_got_the_number_is_left_alone(python: Start) -> None:
    innocent = python()
    earlier = ProcessId(innocent.pid, identify(innocent.pid).started - 3600)
    assert pids(State(run="mine", components=(component(earlier),))) == set()


def test_a_process_with_the_mark_of_the_run_is_a_leftover_though_nobody_recorded_it(python: Start) -> None:
    worker = python(environment={RUN_MARK: "mine-8c1f"})
    wait_until(
        "its environment is readable", lambda: RUN_MARK in psutil.Process(worker.pid).environ(), within_s=20.0
    )
    assert pids(State(run="mine-8c1f")) == {worker.pid}


def test_a_process_of_another_run_is_left_alone(python: Start) -> None:
    other = python(environment={RUN_MARK: "theirs-77aa"})
    wait_until(
        "its environment is readable", lambda: RUN_MARK in psutil.Process(other.pid).environ(), within_s=20.0
    )
    assert pids(State(run="mine-8c1f")) == set()


def test_a_cloud_that_never_ran_left_nothing(python: Start) -> None:
    python()
    assert pids(State()) == set()
    assert stop_leftovers(State()) == 0


def test_a_process_that_has_ended_left_nothing(python: Start) -> None:
    ended = python("pass")
    known = identify(ended.pid)
    ended.wait()
    assert pids(State(run="mine", components=(component(known),))) == set()


def test_leftovers_and_their_children_are_stopped(python: Start) -> None:
    # Given a process whose child would outlive it
    code = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "child = subprocess.Popen(command, stdin=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = python(code)
    assert parent.stdout is not None
    child = identify(int(parent.stdout.readline()))
    # When the processes that the run left are stopped
    known = identify(parent.pid)
    stopped = stop_leftovers(State(run="mine", components=(component(known),)))
    # Then both processes have ended, and this process still runs
    assert stopped == 1
    assert find(child) is None
    assert find(known) is None
    assert psutil.pid_exists(os.getpid())
