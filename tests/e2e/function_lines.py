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
"""MiniStack answers a request with so many events at most, and gives no token for the rest."""
_START: Final = re.compile(r"START RequestId: (?P<id>[0-9a-f-]{36}) Version: (?:\$LATEST|\d+)")
_REPORT: Final = (
    r"REPORT RequestId: {id}\tDuration: \d+ ms\tBilled Duration: \d+ ms"
    r"\tMemory Size: \d+ MB(?:\tMax Memory Used: \d+ MB)?"
)
_DIED: Final = re.compile(
    r"Worker process died|Task timed out after \d+\.00 seconds"
    r"|\[Errno 32\] Broken pipe|'NoneType' object has no attribute 'std(?:in|out)'"
)
"""MiniStack's words where a process was killed; in the last two cases before it got its event."""
_RAISED: Final = "Traceback (most recent call last):"
_BY_THE_WORKER: Final = re.compile(r'  File "<string>", line \d+, in run')
_CUT_OFF: Final = "Input data was truncated"
"""msgspec's words for the mere beginning of a JSON document."""

Line = dict[str, Any]


@dataclass(frozen=True)
class Invocation:
    """Hold the function's own lines; `died` says that its process was killed meanwhile."""

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
    """Tell the function's lines in a log stream from MiniStack's: around them, and of a failure after them.

    Raises AssertionError where MiniStack's lines are not exactly of the known form.
    """
    start, *inner, end, report = lines
    begun = _START.fullmatch(start)
    assert begun, lines
    assert end == f"END RequestId: {begun['id']}", lines
    assert re.fullmatch(_REPORT.format(id=begun["id"]), report), lines
    if inner and _DIED.fullmatch(inner[-1]):
        return Invocation(function, inner[:-1], died=True)
    return Invocation(function, inner[: _raised_at(inner)], died=False)


def _raised_at(lines: Sequence[str]) -> int:
    """Find where MiniStack's traceback of an exception that left the handler begins, else the lines' end."""
    for index, (line, following) in enumerate(pairwise(lines)):
        if line == _RAISED and _BY_THE_WORKER.fullmatch(following):
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
    """Find the lines that are no JSON, or lack the service or the request's id, which metrics never have.

    A killed process may have torn the last line of its invocation: this line alone may break off.
    """
    return [
        f"{invocation.function}: {wrong}: {line}"
        for invocation in invocations
        for index, line in enumerate(invocation.lines)
        if (wrong := _wrong(line, service))
        and not (wrong == _CUT_OFF and invocation.died and index == len(invocation.lines) - 1)
    ]


def _wrong(line: str, service: str) -> str:
    """Say why the line is wrong; nothing where it is right."""
    try:
        read = msgspec.json.decode(line, type=Line)
    except msgspec.DecodeError as error:
        return str(error)
    if read.get("service") != service:
        return "of another service"
    return "" if "_aws" in read or read.get("request_id") else "of no request"


def _streams(cloud: Cloud, function: str) -> dict[str, list[str]]:
    """Read the lines by stream.

    All events of a stream have the same time: where the answer ends within a time, the next request begins
    with this time anew.
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
