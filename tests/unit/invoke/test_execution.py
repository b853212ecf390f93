"""Handlers of all kinds in the real runtime interface client, which is installed on Linux."""

import io
import os
import sys
import time
from pathlib import Path
from textwrap import dedent

import msgspec
import psutil
import pytest

from chat4all_local.invoke.execution import Execution, FunctionFailed, execute

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric runs on Linux only")

LONG_S = 60.0
ARN = "arn:aws:lambda:us-east-1:123456789012:function:chat4all-it"


class Runner:
    """A function with a single file; `logs` holds its output."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.logs = ""

    def __call__(self, source: str, event: bytes = b"{}", timeout_s: float = LONG_S) -> bytes:
        (self._folder / "app.py").write_text(dedent(source), encoding="utf-8")
        logs = io.StringIO()
        execution = Execution(
            self._folder, (), "app.handler", ARN, timeout_s, {"AWS_LAMBDA_FUNCTION_NAME": "chat4all-it"}
        )
        try:
            return execute(execution, event, logs)
        finally:
            self.logs = logs.getvalue()

    def fails(self, source: str, timeout_s: float = LONG_S) -> FunctionFailed:
        with pytest.raises(FunctionFailed) as failed:
            self(source, timeout_s=timeout_s)
        return failed.value


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_the_answer_is_what_the_handler_returns_and_its_prints_are_logs(run: Runner) -> None:
    answer = run(
        """
        import sys
        def handler(event, context):
            print("to stdout: ä")
            print("to stderr", file=sys.stderr)
            return {"got": event, "by": context.function_name}
        """,
        '{"text": "olá 👋🏽"}'.encode(),
    )

    assert msgspec.json.decode(answer) == {"got": {"text": "olá 👋🏽"}, "by": "chat4all-it"}
    assert run.logs.splitlines() == ["to stdout: ä", "to stderr"]


def test_the_context_is_that_of_the_invocation(run: Runner) -> None:
    answer = run(
        """
        def handler(event, context):
            left = context.get_remaining_time_in_millis()
            return [left, context.invoked_function_arn, context.aws_request_id]
        """
    )

    left_ms, arn, request_id = msgspec.json.decode(answer, type=tuple[int, str, str])
    assert 0 < left_ms <= LONG_S * 1000
    assert arn == ARN
    assert request_id


def test_nothing_of_our_environment_is_the_functions(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTHONPATH", "/mine")

    answer = run("import os\ndef handler(event, context): return dict(os.environ)")

    environment = msgspec.json.decode(answer, type=dict[str, str])
    ours = {name for name, value in environment.items() if os.environ.get(name) == value}
    assert ours <= {"PATH", "LANG", "LC_CTYPE", "PWD"}
    assert environment["_HANDLER"] == "app.handler"
    assert environment.get("PYTHONPATH") != "/mine"


def test_an_exception_is_a_failure_by_its_class_with_its_traceback_in_the_logs(run: Runner) -> None:
    failed = run.fails("def handler(event, context): return event['Records']")

    assert failed.error_type == "KeyError"
    assert failed.message == "the function failed: KeyError: 'Records'"
    assert any("line 1, in handler" in line for line in run.logs.splitlines())


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import nowhere_to_be_found", "Runtime.ImportModuleError"),
        ("def handler(event, context) return 1", "Runtime.UserCodeSyntaxError"),
        ("other = 1", "Runtime.HandlerNotFound"),
        ("raise LookupError('MESSAGES_TABLE')", "LookupError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_failure(run: Runner, source: str, error_type: str) -> None:
    assert run.fails(source).error_type == error_type


def test_an_answer_that_is_no_json_is_a_failure(run: Runner) -> None:
    assert run.fails("def handler(event, context): return object()").error_type == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("end", "said"), [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal 9")]
)
def test_a_process_that_ends_is_a_failure(run: Runner, end: str, said: str) -> None:
    failed = run.fails(f"import os\ndef handler(event, context): {end}")

    assert failed.error_type == "Runtime.ExitError"
    assert said in failed.message


def test_a_handler_that_takes_too_long_is_ended_with_its_process(run: Runner) -> None:
    failed = run.fails(
        """
        import os, time
        def handler(event, context):
            print(os.getpid(), flush=True)
            time.sleep(600)
        """,
        timeout_s=0.5,
    )

    assert failed.error_type == "Sandbox.Timedout"
    assert "Task timed out after 0.50 seconds" in failed.message
    assert not psutil.pid_exists(int(run.logs))


def test_what_a_handler_has_started_ends_with_it(run: Runner) -> None:
    began = time.monotonic()

    run(
        """
        import subprocess, sys
        def handler(event, context):
            print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(90)"]).pid, flush=True)
        """
    )

    assert time.monotonic() - began < LONG_S


def test_what_is_handed_over_is_on_the_import_path(tmp_path: Path) -> None:
    layer, folder = tmp_path / "layer", tmp_path / "function"
    layer.mkdir()
    folder.mkdir()
    (layer / "dependency.py").write_text("NAME = 'from the layer'")
    (folder / "app.py").write_text("from dependency import NAME\ndef handler(event, context): return NAME")

    answer = execute(Execution(folder, (layer,), "app.handler", ARN, LONG_S, {}), b"{}", io.StringIO())

    assert msgspec.json.decode(answer) == "from the layer"
