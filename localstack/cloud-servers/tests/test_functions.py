"""MiniStack's Python functions run in the environments of lambda_processes."""

import asyncio
import io
import json
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ministack.core import concurrency, lambda_runtime
from ministack.services import apigateway, apigateway_v1, lambda_svc

from lambda_processes.ministack import functions
from lambda_processes.pool import Limits
from lambda_processes.settings import Settings

PYTHON = Path(__file__).parents[3] / ".envs/lambda/bin/python"
WITHIN_S = 10.0
LIMITS = Limits(per_function=1, machine=2, cold_starts=1, waiting=3, wait_s=10, idle_s=60)
CODE = """
import os, time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if "raise" in event: raise KeyError(event["raise"])
    print("printed")
    return [os.getpid(), os.environ["COLOUR"], context.function_name, os.environ["LAMBDA_TASK_ROOT"]]
"""

Record = dict[str, Any]


def function(name: str = "f", colour: str = "blue") -> Record:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", CODE)
    config = {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Handler": "app.handler",
        "Timeout": 20,
        "MemorySize": 256,
        "CodeSha256": "a",
        "Environment": {"Variables": {"COLOUR": colour}},
    }
    return {"config": config, "code_zip": archive.getvalue()}


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[functions.Functions]:
    for owner, name in (
        (lambda_svc, "_execute_function_warm"),
        (lambda_svc, "_sqs_esm_concurrency"),
        (lambda_svc, "lambda_execute_result_to_api_proxy_response"),
        (lambda_svc, "run_reentrant"),
        (apigateway, "run_reentrant"),
        (apigateway_v1, "run_reentrant"),
        (lambda_svc, "_reject_unreadable_zip"),
        (lambda_svc, "invalidate_worker"),
        (lambda_runtime, "reset"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back after the test
    wanted = Settings(python=str(PYTHON), limits_memory=True, passed=(), limits=LIMITS)
    monkeypatch.setattr(functions, "settings", lambda: wanted)
    installed = functions.install()
    yield installed
    installed.close()


def execute(called: Record, **event: object) -> Record:
    result: Record = lambda_svc._execute_function_with_config_scope(called, event)
    return result


def test_a_function_answers_with_its_report_and_keeps_its_process(running: functions.Functions) -> None:
    first, second = execute(function()), execute(function())

    assert first["body"][:3] == [second["body"][0], "blue", "f"]
    start, *_, end, report = first["log"].splitlines()
    assert (start[:5], end[:3], report[:6]) == ("START", "END", "REPORT")
    assert "printed" in first["log"]
    assert "Max Memory Used: " in report


def test_an_exception_has_lambdas_form_and_the_process_goes_on(running: functions.Functions) -> None:
    before = execute(function())["body"][0]
    failed = execute(function(), **{"raise": "colour"})

    assert failed["error"]
    assert failed["body"]["errorType"] == "KeyError"
    assert execute(function())["body"][0] == before


def test_many_invocations_share_one_environment_and_one_folder(running: functions.Functions) -> None:
    """MiniStack 1.5.33 alone starts a process, with its own copy of the code, for each of them."""
    with ThreadPoolExecutor() as threads:
        results = list(threads.map(lambda _: execute(function(), sleep=0.05), range(3)))

    assert len({(pid, root) for pid, _, _, root in (result["body"] for result in results)}) == 1


def test_ministack_alone_starts_an_environment_for_every_invocation_that_finds_none_free() -> None:
    config = function("alone")["config"]
    leased = [lambda_runtime.acquire_worker("alone", config, b"") for _ in range(50)]

    assert {how for _, how in leased} == {"spawn"}
    lambda_runtime.reset()


def test_what_exceeds_the_waiting_is_refused_as_aws_refuses_it(running: functions.Functions) -> None:
    execute(function())
    with ThreadPoolExecutor(10) as threads:
        results = list(threads.map(lambda _: execute(function(), sleep=0.3), range(10)))
    refused = [result for result in results if result.get("throttle")]

    assert refused
    assert {result["body"]["__type"] for result in refused} == {"TooManyRequestsException"}
    response, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(refused[0])
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (429, "1")


async def invoked_by_an_api(called: Record, **event: object) -> Record:
    execute, thread = lambda_svc._execute_function_with_config_scope, "invocation"
    result: Record = await apigateway_v1.run_reentrant(execute, called, event, thread_name=thread)
    return result


async def refused_of(called: Record, count: int) -> tuple[list[Record], int]:
    """Invoke the function `count` times; return the refusals, and the number of threads."""
    threads: list[threading.Thread] = []
    run = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        if thread.name == "invocation":
            threads.append(thread)
        run(thread)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", noted)
        waiting = [asyncio.create_task(invoked_by_an_api(called, sleep=0.5)) for _ in range(4)]
        await asyncio.sleep(0.2)
        results = await asyncio.gather(*(invoked_by_an_api(called) for _ in range(count)))
        await asyncio.gather(*waiting)
    return [result for result in results if result.get("throttle")], len(threads)


def test_what_an_api_could_only_be_refused_takes_no_thread(running: functions.Functions) -> None:
    called = function()
    execute(called)

    refused, threads = asyncio.run(refused_of(called, 50))

    assert len(refused) == 50
    assert threads == 4


def test_ministack_alone_takes_a_thread_for_every_invocation_that_is_refused(
    running: functions.Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apigateway_v1, "run_reentrant", concurrency.run_reentrant)
    called = function()
    execute(called)

    refused, threads = asyncio.run(refused_of(called, 20))

    assert len(refused) == 20
    assert threads == 24


def test_a_mapping_receives_nothing_while_no_environment_is_free(running: functions.Functions) -> None:
    called, mapping = function(), {"UUID": "1"}
    execute(called)

    def batches() -> int:
        at_once: int = lambda_svc._sqs_esm_concurrency(mapping, called, called["config"], {"is_fifo": True})
        return at_once

    assert batches() == 1
    with ThreadPoolExecutor() as threads:
        busy = threads.submit(execute, called, sleep=1)
        deadline = time.monotonic() + 5
        while batches() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert batches() == 0
        busy.result()

    assert batches() == 1


WHOLE: bytes = function()["code_zip"]
WITHOUT_ITS_BEGINNING = WHOLE[100:]
"""It has the end of an archive, by which MiniStack takes it for one."""


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("broken", [b"", b"no archive", WHOLE[:-30], WITHOUT_ITS_BEGINNING])
def test_code_that_is_no_whole_archive_is_refused_as_aws_refuses_it(broken: bytes) -> None:
    assert lambda_svc._reject_unreadable_zip(WHOLE) is None

    status, _, answer = lambda_svc._reject_unreadable_zip(broken)

    assert status == 400
    assert b"InvalidParameterValueException" in answer
    assert b"Could not unzip uploaded file" in answer


def test_ministack_alone_takes_the_end_of_an_archive_for_a_whole_one() -> None:
    assert lambda_svc._reject_unreadable_zip(WITHOUT_ITS_BEGINNING) is None


def test_a_function_with_damaged_bytes_answers_with_an_error_and_can_be_mended(
    running: functions.Functions,
) -> None:
    called = function()
    broken = {**called, "code_zip": WHOLE.replace(b"import os", b"import so", 1)}

    failed = execute(broken)

    assert failed["error"]
    assert failed["body"]["errorType"] == "InvalidZipFileException"
    assert execute(called)["body"][1] == "blue"


def test_a_changed_function_gets_a_new_environment(running: functions.Functions) -> None:
    before = execute(function())["body"]
    after = execute(function(colour="red"))["body"]

    assert after[1] == "red"
    assert after[0] != before[0]


def test_an_invalidated_function_starts_anew(running: functions.Functions) -> None:
    before = execute(function())["body"]

    lambda_svc.invalidate_worker("f", account="000000000000")

    assert execute(function())["body"][0] != before[0]


def test_the_variables_are_lambdas_and_the_functions_and_none_of_ministacks(
    running: functions.Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    called = function()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "import os\ndef handler(event, context): return dict(os.environ)")
    variables = execute({**called, "code_zip": archive.getvalue()})["body"]

    assert "SECRET_OF_THE_SERVER" not in variables
    assert variables["COLOUR"] == "blue"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert variables["AWS_REGION"] == "us-east-1"
    assert json.dumps(variables)
