"""The lines that count as a function's, and the wrong lines among them."""

import json

import pytest

from tests.e2e.function_lines import Invocation, invocation_of, wrong_lines

ID = "0b0c7b6e-5d0f-4b93-9f6a-3a4b8f0a6a11"
OTHER_ID = "7f0c7b6e-5d0f-4b93-9f6a-3a4b8f0a6a22"
START = f"START RequestId: {ID} Version: $LATEST"
END = f"END RequestId: {ID}"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 11.62 ms\tBilled Duration: 12 ms\tMemory Size: 512 MB"
    "\tMax Memory Used: 41 MB"
)
GOOD = json.dumps(
    {"level": "INFO", "message": "ä", "service": "desk-7", "request_id": ID}, ensure_ascii=False
)
METRICS = json.dumps({"_aws": {"CloudWatchMetrics": []}, "service": "desk-7", "Records": [1.0]})
TRACEBACK = [
    "[ERROR] KeyError: 'Records'",
    "Traceback (most recent call last):",
    '\u00a0\u00a0File "/var/task/app.py", line 3, in handler',
]
KILLED = f"RequestId: {ID} Error: Runtime exited with error: signal: 9"


def of_a_stream(*inner: str) -> Invocation:
    return invocation_of("api", [START, *inner, END, REPORT])


def wrong(*inner: str) -> list[str]:
    return wrong_lines([of_a_stream(*inner)], "desk-7")


def test_lines_with_service_and_request_and_metrics_with_service_are_right() -> None:
    assert of_a_stream(GOOD, METRICS).lines == [GOOD, METRICS]
    assert wrong(GOOD, METRICS) == []
    assert wrong() == []


@pytest.mark.parametrize(
    "line",
    [
        "MESSAGE_NOT_FOUND",
        "",
        "12",
        "[]",
        GOOD[:-1],
        GOOD + GOOD,
        START,
        END,
        REPORT,
        f"START RequestId: {OTHER_ID} Version: $LATEST",
        TRACEBACK[0],
        TRACEBACK[1],
        KILLED,
        json.dumps({"message": "no service", "request_id": ID}),
        json.dumps({"message": "of another", "request_id": ID, "service": "chat4all"}),
        json.dumps({"message": "no request", "service": "desk-7"}),
        json.dumps({"message": "an empty one", "service": "desk-7", "request_id": ""}),
        json.dumps({"_aws": {}, "Records": [1.0]}),
    ],
)
def test_every_other_line_among_them_is_wrong(line: str) -> None:
    (told,) = wrong(GOOD, line, METRICS)

    assert told.startswith("api: ")
    assert told.endswith(line)


@pytest.mark.parametrize(
    "stream",
    [
        [GOOD, END, REPORT],
        [START, GOOD, REPORT],
        [START, GOOD, END],
        [START, GOOD, END.replace(ID, OTHER_ID), REPORT],
        [START, GOOD, END, REPORT.replace(ID, OTHER_ID)],
        [START, GOOD, END, REPORT + " and more"],
    ],
)
def test_what_is_no_stream_of_lambda_is_not_read_as_such(stream: list[str]) -> None:
    with pytest.raises(AssertionError):
        invocation_of("api", stream)


@pytest.mark.parametrize(
    "said",
    [
        KILLED,
        f"RequestId: {ID} Error: Runtime exited with error: exit status 3",
        f"RequestId: {ID} Error: the environment was stopped",
        f"2026-11-29T14:00:00.123Z {ID} Task timed out after 20.00 seconds",
    ],
)
def test_only_the_last_line_of_a_process_that_was_killed_may_be_torn(said: str) -> None:
    assert wrong(GOOD, GOOD[:-30], said) == []
    assert wrong(GOOD, "Traceback", said) == ["api: JSON is malformed: invalid character (byte 0): Traceback"]
    assert len(wrong(GOOD[:-30], GOOD, said)) == 1


def test_a_line_of_a_process_that_lives_may_not_be_torn() -> None:
    assert len(wrong(GOOD, GOOD[:-30])) == 1


def test_the_death_of_another_invocation_is_a_wrong_line() -> None:
    assert len(wrong(GOOD, GOOD[:-30], KILLED.replace(ID, OTHER_ID))) == 2


def test_what_lambda_tells_of_an_exception_that_left_the_handler_is_not_the_functions() -> None:
    assert of_a_stream(GOOD, *TRACEBACK).lines == [GOOD]
    assert len(wrong(GOOD, *TRACEBACK[1:])) == 2


def test_a_report_may_leave_out_a_memory_that_nobody_knows() -> None:
    report = REPORT.partition("\tMax Memory Used")[0]

    assert invocation_of("api", [START, GOOD, END, report]).lines == [GOOD]


def test_a_report_of_a_cold_start_has_its_duration() -> None:
    report = REPORT + "\tInit Duration: 202.14 ms"

    assert invocation_of("api", [START, GOOD, END, report]).lines == [GOOD]
