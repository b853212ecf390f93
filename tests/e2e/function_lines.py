"""Read all lines that the functions of a MiniStack have logged, and find the wrong lines among them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import msgspec

from chat4all_local.cloud.function_logs import FunctionLogs
from chat4all_local.cloud.running import Cloud

_MOST: Final = 10_000
"""The most events in an answer of MiniStack, which gives no token for the rest."""
_START: Final = re.compile(r"START RequestId: (?P<id>[0-9a-f-]{36}) Version: (?:\$LATEST|\d+)")
_REPORT: Final = (
    r"REPORT RequestId: {id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms"
    r"\tMemory Size: \d+ MB(?:\tMax Memory Used: \d+ MB)?(?:\tInit Duration: \d+\.\d\d ms)?"
)
_DIED: Final = (
    r"RequestId: {id} Error: (?:Runtime exited with error: (?:signal:|exit status) \d+"
    r"|the environment was stopped)"
    r"|\d{{4}}-\S+Z {id} Task timed out after \d+\.\d\d seconds"
)
"""Lambda's lines about a process that ended during the invocation."""
_RAISED: Final = "Traceback (most recent call last):"
_BY_THE_RUNTIME: Final = "[ERROR] "
_CUT_OFF: Final = "Input data was truncated"
"""msgspec's message about an incomplete JSON document."""

Line = dict[str, Any]


@dataclass(frozen=True)
class Invocation:
    """The function's own lines of an invocation; `died` means that its process was killed meanwhile."""

    function: str
    lines: Sequence[str]
    died: bool


def invocations(cloud: Cloud) -> list[Invocation]:
    """Read every invocation of every function: MiniStack has a log stream for each invocation."""
    return [
        invocation_of(function, lines)
        for function in FunctionLogs(cloud).function_names()
        for lines in _streams(cloud, function).values()
    ]


def invocation_of(function: str, lines: Sequence[str]) -> Invocation:
    """Separate the function's lines in a log stream from Lambda's lines.

    Lambda's lines surround them, and follow a failure. Raises AssertionError if Lambda's lines do not have
    exactly the known form.
    """
    start, *inner, end, report = lines
    begun = _START.fullmatch(start)
    assert begun, lines
    assert end == f"END RequestId: {begun['id']}", lines
    assert re.fullmatch(_REPORT.format(id=begun["id"]), report), lines
    if inner and re.fullmatch(_DIED.format(id=begun["id"]), inner[-1]):
        return Invocation(function, inner[:-1], died=True)
    return Invocation(function, inner[: _raised_at(inner)], died=False)


def _raised_at(lines: Sequence[str]) -> int:
    """Return where the runtime client tells of an exception of the handler, or the end of the lines."""
    for index, (line, following) in enumerate(pairwise(lines)):
        if line.startswith(_BY_THE_RUNTIME) and following == _RAISED:
            return index
    return len(lines)


def logged(invocation: Invocation) -> Iterator[Line]:
    """Yield the lines that are JSON."""
    for line in invocation.lines:
        try:
            yield msgspec.json.decode(line, type=Line)
        except msgspec.DecodeError:
            continue


def wrong_lines(invocations: Iterable[Invocation], service: str) -> list[str]:
    """Find the lines that are not JSON, or lack the service or the request's id.

    Metrics never have the service or the id. A killed process may have torn the last line of its invocation:
    only
    this line may break off.
    """
    return [
        f"{invocation.function}: {wrong}: {line}"
        for invocation in invocations
        for index, line in enumerate(invocation.lines)
        if (wrong := _wrong(line, service))
        and not (wrong == _CUT_OFF and invocation.died and index == len(invocation.lines) - 1)
    ]


def _wrong(line: str, service: str) -> str:
    """Return what is wrong with the line; empty for a right line."""
    try:
        read = msgspec.json.decode(line, type=Line)
    except msgspec.DecodeError as error:
        return str(error)
    if read.get("service") != service:
        return "of another service"
    return "" if "_aws" in read or read.get("request_id") else "of no request"


def _streams(cloud: Cloud, function: str) -> dict[str, list[str]]:
    """Read the lines of each log stream.

    All events of a stream have the same time. If an answer ends within a time, the next request starts again
    with
    this time.
    """
    logs, group = cloud.aws.logs(), f"/aws/lambda/{cloud.stack}-{function}"
    streams: dict[str, list[str]] = {}
    since = 0
    while True:
        events = logs.filter_log_events(logGroupName=group, startTime=since, limit=_MOST)["events"]
        is_all = len(events) < _MOST
        until = events[-1]["timestamp"] if events else since
        for event in events:
            if is_all or event["timestamp"] < until:
                streams.setdefault(event["logStreamName"], []).append(event["message"])
        if is_all:
            return streams
        assert until > since, f"{_MOST} events of {function} have the same time"
        since = until
