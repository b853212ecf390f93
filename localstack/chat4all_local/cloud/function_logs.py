"""The logs of the functions, from CloudWatch Logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from chat4all_local.cloud.running import Cloud

LATE_MS = 5_000  # a line may be stored this much later than its timestamp


@dataclass(frozen=True, order=True)
class LogLine:
    """A line of a function's log; `at` is in milliseconds since the epoch."""

    at: int
    function: str
    text: str

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]


class FunctionLogs:
    """The logs of functions. Each line is returned once, so that a further call returns only newer lines."""

    def __init__(self, cloud: Cloud, functions: Sequence[str] = ()) -> None:
        """`functions` are short names (api, router, ...); by default all functions."""
        self._logs = cloud.aws.logs()
        self._prefix = f"/aws/lambda/{cloud.stack}-"
        self._functions = functions
        self._seen: dict[str, set[LogLine]] = {}
        self._since: dict[str, int] = {}

    def function_names(self) -> list[str]:
        groups = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self._prefix)
        names = (group["logGroupName"] for page in groups for group in page["logGroups"])
        return sorted(name.removeprefix(self._prefix) for name in names)

    def new_lines(self) -> list[LogLine]:
        """Return the new lines in the order of time; lines of the same time keep their order."""
        names = self._functions or self.function_names()
        return sorted((line for name in names for line in self._new_of(name)), key=lambda line: line.at)

    def _new_of(self, function: str) -> Iterator[LogLine]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._prefix + function, startTime=max(0, self._since.get(function, 0) - LATE_MS)
        )
        try:
            for page in pages:
                for event in page["events"]:
                    # Not eventId: MiniStack gives none.
                    line = LogLine(event["timestamp"], function, event["message"].rstrip("\n"))
                    if self._is_new(line):
                        yield line
            self._forget_old(function)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":  # the function has not run yet
                raise

    def _is_new(self, line: LogLine) -> bool:
        seen = self._seen.setdefault(line.function, set())
        if line in seen:
            return False
        seen.add(line)
        self._since[line.function] = max(self._since.get(line.function, 0), line.at)
        return True

    def _forget_old(self, function: str) -> None:
        oldest = self._since.get(function, 0) - LATE_MS
        self._seen[function] = {line for line in self._seen.get(function, ()) if line.at >= oldest}
