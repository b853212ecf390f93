"""Functions in Lambda's own runtime, whose handler at the root logger writes text."""

import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import aws_lambda_powertools
import msgspec
import pytest

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.invoke.execution import Execution, execute

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric runs on Linux only")

LIBRARIES = Path(aws_lambda_powertools.__file__).parents[1]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:desk-7-api"
STACKS = ["chat4all", "desk-7", "chat4all.services", "chat4all.services.x", "chat4all-2", "botocore", "all"]
FUNCTION = """
    import logging
    import warnings

    from chat4all.bootstrap.telemetry import Telemetry

    telemetry = Telemetry("api")
    LEVELS = ("debug", "info", "warning", "error")

    def work(event, context):
        telemetry.count("Worked")
        if event["kind"]:
            telemetry.count("Ignored", 2, channel="pigeon", kind=event["kind"])
        for name in event["loggers"]:
            for level in LEVELS:
                getattr(logging.getLogger(name), level)("%s of %s", level, name)
        if event["fails"]:
            try:
                raise ValueError("that is wrong")
            except ValueError:
                logging.getLogger("chat4all.services.x").exception("it failed")
        if event["warns"]:
            warnings.warn("that is old", stacklevel=1)
        return context.aws_request_id

    handler = telemetry.observing(work)
"""

Line = dict[str, Any]


class Printed:
    """The lines that a function wrote in an invocation; every line is JSON."""

    def __init__(self, request_id: str, text: str) -> None:
        self.request_id = request_id
        self._lines = [msgspec.json.decode(line, type=Line) for line in text.splitlines()]

    @property
    def logged(self) -> list[Line]:
        return [line for line in self._lines if "_aws" not in line]

    @property
    def counted(self) -> list[Line]:
        return [line for line in self._lines if "_aws" in line]

    @property
    def messages(self) -> list[str]:
        return [line["message"] for line in self.logged]


Run = Callable[..., Printed]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "app.py").write_text(dedent(FUNCTION), encoding="utf-8")

    def run(
        stack: str,
        *loggers: str,
        fails: bool = False,
        warns: bool = False,
        kind: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Printed:
        written = io.StringIO()
        given = {"POWERTOOLS_SERVICE_NAME": stack, "POWERTOOLS_LOG_LEVEL": "INFO", **(environment or {})}
        import_path = (ROOT / "layers/core", LIBRARIES)
        execution = Execution(tmp_path, import_path, "app.handler", ARN, timeout_s=60.0, environment=given)
        event = msgspec.json.encode({"loggers": loggers, "fails": fails, "warns": warns, "kind": kind})
        request_id = msgspec.json.decode(execute(execution, event, written), type=str)
        return Printed(request_id, written.getvalue())

    return run


@pytest.mark.parametrize("stack", STACKS)
def test_a_record_of_the_package_is_written_once_with_request_and_stack(run: Run, stack: str) -> None:
    printed = run(stack, "chat4all.services.x", "chat4all")

    assert printed.messages == [
        f"{level} of {name}"
        for name in ("chat4all.services.x", "chat4all")
        for level in ("info", "warning", "error")
    ]
    assert {line["request_id"] for line in printed.logged} == {printed.request_id}
    assert {line["service"] for line in printed.logged} == {stack}
    assert [line["level"] for line in printed.logged] == ["INFO", "WARNING", "ERROR"] * 2


@pytest.mark.parametrize("stack", STACKS)
def test_an_exception_is_a_line_with_its_traceback(run: Run, stack: str) -> None:
    (line,) = run(stack, fails=True).logged

    assert (line["level"], line["message"], line["service"]) == ("ERROR", "it failed", stack)
    assert line["exception_name"] == "ValueError"
    assert "that is wrong" in line["exception"]
    assert line["request_id"]


@pytest.mark.parametrize("stack", STACKS)
def test_libraries_write_the_same_lines_from_warnings_on(run: Run, stack: str) -> None:
    names = ("botocore.credentials", "urllib3.connectionpool", "chat4all-webhooks", "all.others")

    printed = run(stack, *names)

    assert printed.messages == [f"{level} of {name}" for name in names for level in ("warning", "error")]
    assert {line["request_id"] for line in printed.logged} == {printed.request_id}
    assert {line["service"] for line in printed.logged} == {stack}


def test_pythons_warnings_are_lines_too(run: Run) -> None:
    (line,) = run("desk-7", warns=True).logged

    assert "that is old" in line["message"]
    assert (line["level"], line["service"]) == ("WARNING", "desk-7")
    assert line["request_id"]


def test_metrics_are_of_the_same_service(run: Run) -> None:
    (line,) = run("desk-7").counted

    assert (line["service"], line["function"], line["Worked"]) == ("desk-7", "api", [1.0])


def test_a_metric_with_dimensions_is_a_line_of_its_own_of_the_same_function(run: Run) -> None:
    by_kind, by_function = run("desk-7", kind="account_update").counted

    named = {name: by_kind[name] for name in ("service", "function", "channel", "kind", "Ignored")}
    assert named == {
        "service": "desk-7",
        "function": "api",
        "channel": "pigeon",
        "kind": "account_update",
        "Ignored": [2.0],
    }
    (metrics,) = by_kind["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], [set(names) for names in metrics["Dimensions"]]) == (
        "Chat4All",
        [{"service", "function", "channel", "kind"}],
    )
    assert (by_function["Worked"], "kind" in by_function) == ([1.0], False)


@pytest.mark.parametrize(
    ("environment", "ours", "theirs"),
    [
        ({"POWERTOOLS_LOG_LEVEL": "DEBUG"}, ["debug", "info", "warning", "error"], ["warning", "error"]),
        ({"POWERTOOLS_LOG_LEVEL": "WARNING"}, ["warning", "error"], ["warning", "error"]),
        ({"POWERTOOLS_LOG_LEVEL": "ERROR"}, ["error"], ["error"]),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL"}, [], []),
        ({"AWS_LAMBDA_LOG_LEVEL": "WARN"}, ["warning", "error"], ["warning", "error"]),
        ({"AWS_LAMBDA_LOG_LEVEL": "TRACE"}, ["debug", "info", "warning", "error"], ["warning", "error"]),
        (
            {"AWS_LAMBDA_LOG_LEVEL": "DEBUG", "AWS_LAMBDA_LOG_FORMAT": "JSON"},
            ["debug", "info", "warning", "error"],
            ["warning", "error"],
        ),
    ],
)
def test_the_level_is_what_the_environment_says_and_libraries_tell_no_details(
    run: Run, environment: Mapping[str, str], ours: list[str], theirs: list[str]
) -> None:
    printed = run("desk-7", "chat4all.services.x", "botocore.endpoint", environment=environment)

    assert printed.messages == [f"{level} of chat4all.services.x" for level in ours] + [
        f"{level} of botocore.endpoint" for level in theirs
    ]
