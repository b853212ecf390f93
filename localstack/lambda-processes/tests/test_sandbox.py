"""An execution environment with AWS's runtime client, and without LocalStack."""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lambda_processes.environment import InitError, Result
from lambda_processes.events import Invocation
from lambda_processes.program import Program
from lambda_processes.sandbox import RELOADED_WITHIN_S, Sandbox
from lambda_processes.version import Version

Make = Callable[..., Sandbox]
THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
"""A function with this import cannot be forked."""


@pytest.fixture(params=["forked", "started"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make environments for functions of given code, as forks and as processes; all end with the test."""
    made: list[tuple[Sandbox, Version]] = []

    def make(
        code: str,
        *,
        timeout: float = 20.0,
        memory_mb: int = 0,
        reload_within: float = RELOADED_WITHIN_S,
        **variables: str,
    ) -> Sandbox:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        (folder / "app.py").write_text(code if request.param == "forked" else THREADED + code)
        own = {"AWS_LAMBDA_FUNCTION_NAME": "f", **variables}
        version = Version(program_in(folder, timeout=timeout, memory_mb=memory_mb, **own))
        made.append((Sandbox(version, reload_within=reload_within), version))
        return made[-1][0]

    yield make
    for sandbox, version in made:
        sandbox.stop()
        version.close()


def program_in(folder: Path, *, timeout: float = 20.0, memory_mb: int = 0, **variables: str) -> Program:
    """Return the program of the `app.py` in a folder, with a memory limit if `memory_mb` is not 0."""
    return Program(
        python=sys.executable,
        handler="app.handler",
        folder=folder,
        environment={"LAMBDA_TASK_ROOT": str(folder), **variables},
        timeout=timeout,
        memory_mb=memory_mb or 128,
        limits_memory=bool(memory_mb),
        version="$LATEST",
    )


def invoke(sandbox: Sandbox, **event: object) -> Result:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    return sandbox.invoke(Invocation(str(uuid.uuid4()), json.dumps(event).encode(), arn, "Root=1-0-0"))


def answer(result: Result) -> object:
    assert not result.is_error, result.payload
    return json.loads(result.payload)


def error(result: Result) -> str:
    assert result.is_error, result.payload
    return str(json.loads(result.payload)["errorType"])


def test_a_function_is_loaded_once_and_gets_event_context_and_variables(make: Make) -> None:
    code = """
import os
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return [calls, event, context.invoked_function_arn[-10:], os.environ["COLOUR"]]
"""
    sandbox = make(code, COLOUR="blue")
    sandbox.start()

    answers = [answer(invoke(sandbox, n=number)) for number in range(3)]

    assert answers == [[number + 1, {"n": number}, "function:f", "blue"] for number in range(3)]


def test_the_remaining_time_is_the_timeouts(make: Make) -> None:
    sandbox = make("def handler(event, context): return context.get_remaining_time_in_millis()", timeout=7)
    sandbox.start()

    remaining = answer(invoke(sandbox))

    assert isinstance(remaining, int)
    assert 0 < remaining <= 7000


def test_what_a_function_prints_is_in_the_log_of_its_invocation(make: Make) -> None:
    sandbox = make("print('loading')\ndef handler(event, context): print(event['word'])")
    sandbox.start()

    first, second = invoke(sandbox, word="red"), invoke(sandbox, word="green")

    assert [line for line in first.logs.splitlines() if " " not in line] == ["loading", "red"]
    assert [line for line in second.logs.splitlines() if " " not in line] == ["green"]
    assert first.logs.startswith("START RequestId: ")
    assert "Init Duration" in first.logs
    assert "Init Duration" not in second.logs


def test_an_exception_is_the_functions_answer_and_the_process_goes_on(make: Make) -> None:
    code = """
import os
def handler(event, context):
    if event: raise KeyError("no such colour")
    return os.getpid()
"""
    sandbox = make(code)
    sandbox.start()

    before, failed, after = invoke(sandbox), invoke(sandbox, bad=True), invoke(sandbox)

    assert error(failed) == "KeyError"
    assert answer(before) == answer(after)


def test_what_takes_too_long_is_killed_and_the_next_begins_anew(make: Make) -> None:
    code = """
import time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0))
    return calls
"""
    sandbox = make(code, timeout=0.5)
    sandbox.start()
    assert answer(invoke(sandbox)) == 1

    late = invoke(sandbox, sleep=30)

    assert error(late) == "Sandbox.Timedout"
    assert b"Task timed out after 0.50 seconds" in late.payload
    assert "Task timed out after 0.50 seconds\nEND" in late.logs
    assert answer(invoke(sandbox)) == 1


def test_a_process_that_ends_is_an_error_and_the_next_begins_anew(make: Make) -> None:
    sandbox = make("import os\ndef handler(event, context): os._exit(3) if event else None; return 'well'")
    sandbox.start()

    ended = invoke(sandbox, exit=True)

    assert error(ended) == "Runtime.ExitError"
    assert b"exit status 3" in ended.payload
    assert "Runtime exited with error: exit status 3\nEND" in ended.logs
    assert answer(invoke(sandbox)) == "well"


def test_a_function_that_does_not_load_says_why(make: Make) -> None:
    sandbox = make("import nothing_of_that_name")

    with pytest.raises(InitError) as failure:
        sandbox.start()

    assert json.loads(failure.value.payload)["errorType"] == "Runtime.ImportModuleError"


def test_a_function_that_exits_while_it_loads_says_so(make: Make) -> None:
    sandbox = make("import os\nos._exit(7)")

    with pytest.raises(InitError) as failure:
        sandbox.start()

    assert b"exit status 7" in failure.value.payload


def test_a_function_that_hangs_when_it_is_loaded_anew_is_given_up(make: Make, tmp_path: Path) -> None:
    code = f"""
import os, pathlib, time
from snapshot_restore_py import register_after_restore
loaded = pathlib.Path({str(tmp_path / "loaded")!r})
@register_after_restore
def load():
    if loaded.exists():
        time.sleep(600)
    loaded.touch()
def handler(event, context): os._exit(3)
"""
    sandbox = make(code, reload_within=0.5)
    sandbox.start()
    assert error(invoke(sandbox)) == "Runtime.ExitError"

    assert error(invoke(sandbox)) == "Sandbox.Timedout"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")
def test_no_more_memory_is_given_than_the_function_has(make: Make) -> None:
    sandbox = make("def handler(event, context): return len(bytearray(event['mib'] << 20))", memory_mb=160)
    sandbox.start()

    assert error(invoke(sandbox, mib=200)) == "MemoryError"
    assert answer(invoke(sandbox, mib=40)) == 40 << 20


def test_environments_work_side_by_side(make: Make, tmp_path: Path) -> None:
    code = """
import time
from pathlib import Path
def handler(event, context):
    Path(event["mine"]).touch()
    deadline = time.monotonic() + 15
    while not Path(event["other"]).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return "met"
"""
    process, two = make(code), make(code)
    results: list[Result] = []

    def meet(sandbox: Sandbox, mine: str, other: str) -> None:
        sandbox.start()
        results.append(invoke(sandbox, mine=str(tmp_path / mine), other=str(tmp_path / other)))

    threads = [threading.Thread(target=meet, args=args) for args in ((process, "a", "b"), (two, "b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer(result) for result in results] == ["met", "met"]


def test_a_scratch_folder_is_the_environments_own_and_goes_with_it(make: Make) -> None:
    sandbox = make("import tempfile\ndef handler(event, context): return tempfile.mkdtemp()")
    sandbox.start()
    scratch = str(answer(invoke(sandbox)))
    assert Path(scratch).is_dir()

    sandbox.stop()

    assert not Path(scratch).exists()


def test_stopping_ends_the_process_and_what_it_had_started(make: Make) -> None:
    code = """
import os, subprocess
def handler(event, context): return [os.getpid(), subprocess.Popen(["sleep", "60"]).pid]
"""
    sandbox = make(code, PATH="/usr/bin:/bin")
    sandbox.start()
    pids = answer(invoke(sandbox))
    assert isinstance(pids, list)
    processes = [psutil.Process(pid) for pid in pids]

    sandbox.stop()

    _, alive = psutil.wait_procs(processes, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_stopping_ends_an_invocation_that_is_under_way(make: Make, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    code = """
import pathlib, time
def handler(event, context):
    pathlib.Path(event["begun"]).touch()
    time.sleep(60)
"""
    sandbox = make(code, timeout=60)
    sandbox.start()

    def stop_once_begun() -> None:
        deadline = time.monotonic() + 30
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        sandbox.stop()

    stopper = threading.Thread(target=stop_once_begun)
    stopper.start()
    stopped = invoke(sandbox, begun=str(begun))
    stopper.join()

    assert begun.exists()
    assert error(stopped) in {"Runtime.Shutdown", "Runtime.ExitError"}


def test_raw_bytes_on_the_output_harm_no_answer_and_a_flood_does_not_block(make: Make) -> None:
    code = """
import os
def handler(event, context):
    os.write(1, b'{"kind": "answer"}\\xff\\x00\\n')
    os.write(2, b"x" * (3 << 20))
    return "well"
"""
    sandbox = make(code)
    sandbox.start()

    results = [invoke(sandbox) for _ in range(2)]

    assert [answer(result) for result in results] == ["well"] * 2
    assert all("x" * (3 << 20) in result.logs for result in results)


def test_output_beyond_the_limit_is_dropped_and_the_log_says_so(make: Make) -> None:
    sandbox = make(
        "import os\ndef handler(event, context): [os.write(1, b'x' * (1 << 20)) for _ in range(20)]"
    )
    sandbox.start()

    logs = invoke(sandbox).logs

    assert len(logs) < 7 << 20
    assert "the rest of the output was dropped" in logs


def test_a_large_event_and_a_large_answer_pass(make: Make) -> None:
    sandbox = make("def handler(event, context): return event['text'] * 2")
    sandbox.start()

    assert answer(invoke(sandbox, text="ä" * 1_500_000)) == "ä" * 3_000_000


def test_the_hooks_of_snapstart_run_around_the_fork(make: Make) -> None:
    code = """
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot
order = []
register_before_snapshot(lambda: order.append(["before", os.getpid()]))
register_after_restore(lambda: order.append(["after", os.getpid()]))
def handler(event, context): return [order, os.getpid()]
"""
    sandbox = make(code)
    sandbox.start()

    seen = answer(invoke(sandbox))

    assert isinstance(seen, list)
    [[before, _], [after, restored_in]], pid = seen
    assert [before, after] == ["before", "after"]
    assert restored_in == pid


def test_an_import_that_leaves_a_socket_is_not_forked(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import socket\nleft = socket.socketpair()\ndef handler(event, context): return left[0].fileno() > 0"
    )
    version = Version(program_in(tmp_path))
    sandbox = Sandbox(version)
    sandbox.start()

    assert answer(invoke(sandbox)) is True
    assert version.why_not_forked == "the function's import leaves an open socket"
    sandbox.stop()
    version.close()


def test_a_child_of_the_function_does_not_hide_its_end(make: Make) -> None:
    """A forked child would hold the channel open, and the invocation would wait for its timeout."""
    code = """
import os, time
def handler(event, context):
    if os.fork() == 0:
        os.setsid()
        time.sleep(5)
        os._exit(0)
    os._exit(3)
"""
    sandbox = make(code)
    sandbox.start()
    began = time.monotonic()

    assert error(invoke(sandbox)) == "Runtime.ExitError"
    assert time.monotonic() - began < 4
