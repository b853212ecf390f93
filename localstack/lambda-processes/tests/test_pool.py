"""Environments are reused, limited and waited for in turn; a flooded function does not stop the others."""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from lambda_processes.environment import Result
from lambda_processes.events import Invocation
from lambda_processes.pool import Limits, Pool, Refused
from lambda_processes.program import Program
from lambda_processes.version import Version

CODE = """
import os, pathlib, random, time
def handler(event, context):
    begun, until = event.get("begun"), event.get("until")
    if begun:
        pathlib.Path(begun).touch()
    deadline = time.monotonic() + 20
    while until and not pathlib.Path(until).exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    return [VERSION, os.getpid(), random.random()]
"""
LIMITS = Limits(per_function=2, machine=4, cold_starts=2, waiting=20, wait_s=20, idle_s=60)


class Machine:
    """A pool, and invocations of it in threads."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.pool = Pool(limits)
        self.removed: list[str] = []
        self._threads = ThreadPoolExecutor(64)

    def start(self, function: str = "f", version: str = "1", **event: str) -> Future[Result]:
        invocation = Invocation(str(uuid.uuid4()), json.dumps(event).encode(), "arn")
        return self._threads.submit(
            self.pool.invoke, function, "$LATEST", version, lambda: self._make(version), invocation
        )

    def held(self, function: str = "f", version: str = "1") -> tuple[Future[Result], Callable[[], None]]:
        """Start an invocation that lasts until its second value is called."""
        begun, until = (self.folder / uuid.uuid4().hex for _ in range(2))
        invocation = self.start(function, version, begun=str(begun), until=str(until))
        wait_until(lambda: begun.exists() or invocation.done())
        return invocation, until.touch

    def close(self) -> None:
        self.pool.close()
        self._threads.shutdown()

    def _make(self, version: str) -> tuple[Version, Callable[[], None]]:
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir()
        (folder / "app.py").write_text(CODE.replace("VERSION", repr(version)))
        program = Program(
            python=sys.executable,
            handler="app.handler",
            folder=folder,
            environment={"LAMBDA_TASK_ROOT": str(folder)},
            timeout=25,
            memory_mb=256,
            limits_memory=False,
            version="$LATEST",
        )
        return Version(program), lambda: self.removed.append(version)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def answer(invocation: Future[Result]) -> tuple[str, int, float]:
    result = invocation.result(30)
    assert not result.is_error, result.payload
    version, pid, number = json.loads(result.payload)
    return version, pid, number


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Callable[[Limits], Machine]]:
    made: list[Machine] = []

    def make(limits: Limits = LIMITS) -> Machine:
        made.append(Machine(tmp_path, limits))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


Machines = Callable[..., Machine]


def test_a_free_environment_is_reused_and_further_invocations_get_further_environments(
    machines: Machines,
) -> None:
    machine = machines()
    first = answer(machine.start())
    again = answer(machine.start())
    held, release = machine.held()
    beside = answer(machine.start())
    release()

    assert again[1] == first[1] == answer(held)[1]
    assert beside[1] != first[1]


def test_environments_of_one_fork_server_have_random_numbers_of_their_own(machines: Machines) -> None:
    machine = machines()
    held, release = machine.held()
    other = answer(machine.start())
    release()

    assert answer(held)[2] != other[2]


def test_what_exceeds_the_functions_limit_waits_for_a_free_environment(machines: Machines) -> None:
    machine = machines()
    holding = [machine.held() for _ in range(2)]
    waiting = [machine.start() for _ in range(5)]
    assert not machine.pool.has_room("f")
    time.sleep(0.2)
    assert not any(invocation.done() for invocation in waiting)

    for _, release in holding:
        release()

    pids = {answer(invocation)[1] for invocation in (*waiting, *(held for held, _ in holding))}
    assert len(pids) == 2


def test_what_waits_too_long_or_with_too_many_is_refused(machines: Machines) -> None:
    machine = machines(replace(LIMITS, per_function=1, waiting=1, wait_s=0.5))
    answer(machine.start())
    held, release = machine.held()
    waiting = machine.start()
    wait_until(lambda: not machine.pool.has_room("f"))
    time.sleep(0.1)

    with pytest.raises(Refused):
        machine.start().result(30)
    with pytest.raises(Refused):
        waiting.result(30)
    release()
    assert answer(held)[1] == answer(machine.start())[1]


def test_a_flooded_function_does_not_stop_the_others(machines: Machines) -> None:
    machine = machines(replace(LIMITS, per_function=2, machine=3))
    flood = [machine.held("flooded") for _ in range(2)]
    more = [machine.start("flooded") for _ in range(10)]

    assert machine.pool.has_room("other")
    answer(machine.start("other"))

    for _, release in flood:
        release()
    for invocation in (*more, *(held for held, _ in flood)):
        answer(invocation)


def test_the_machines_limit_holds_and_idle_environments_give_way(machines: Machines) -> None:
    machine = machines(replace(LIMITS, per_function=2, machine=2))
    holding = [machine.held(name) for name in ("a", "b")]
    waiting = machine.start("c")
    time.sleep(0.2)
    assert not machine.pool.has_room("c")
    assert not waiting.done()

    holding[0][1]()

    answer(waiting)
    holding[1][1]()


def test_a_changed_function_gets_new_environments_and_the_old_finish(machines: Machines) -> None:
    machine = machines()
    old, release = machine.held(version="1")

    new = answer(machine.start(version="2"))
    assert machine.removed == []
    release()

    assert (new[0], answer(old)[0]) == ("2", "1")
    wait_until(lambda: machine.removed == ["1"])
    wait_until(lambda: not psutil.pid_exists(answer(old)[1]))


def test_an_idle_environment_ends_after_a_while(machines: Machines) -> None:
    machine = machines(replace(LIMITS, idle_s=0.2))
    pid = answer(machine.start())[1]

    wait_until(lambda: not psutil.pid_exists(pid))

    assert answer(machine.start())[1] != pid


def test_a_killed_environment_or_fork_server_is_replaced(machines: Machines) -> None:
    machine = machines()
    for whose in (lambda process: process, psutil.Process.parent):
        process = psutil.Process(answer(machine.start())[1])
        killed = whose(process)
        assert killed is not None
        killed.kill()
        wait_until(partial(has_ended, process))

        assert answer(machine.start())[1] != process.pid


def test_an_environment_killed_during_its_invocation_is_an_error_of_that_invocation_only(
    machines: Machines,
) -> None:
    machine = machines()
    pid = answer(machine.start())[1]
    held, release = machine.held()

    psutil.Process(pid).kill()

    failed = held.result(30)
    assert failed.is_error
    assert json.loads(failed.payload)["errorType"] == "Runtime.ExitError"
    assert b"signal: 9" in failed.payload
    release()
    assert answer(machine.start())[1] != pid


def test_closing_ends_every_process_and_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    machine = Machine(tmp_path, LIMITS)
    pid = answer(machine.start())[1]
    parent = psutil.Process(pid).parent()
    assert parent is not None

    machine.close()

    wait_until(lambda: not psutil.pid_exists(pid))
    wait_until(lambda: has_ended(parent))
    assert machine.removed == ["1"]
    wait_until(lambda: not set(threading.enumerate()) - before)
