"""What the functions of a local cloud use of AWS, from the meter's calls and the functions' logs."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from chat4all_local.cloud.function_logs import FunctionLogs, LogLine
from chat4all_local.cloud.running import Cloud
from chat4all_local.metering.meter import Call, Meter

HTTP_FUNCTIONS: Final = ("api", "webhooks")
"""Each run of these is a call of HTTP. A run of any other function is a batch that Lambda received."""
BY_THE_CLOCK: Final = ("relay",)
"""These run once a minute, whatever there is to do, and belong to no message."""
REQUESTS_OF_A_BATCH: Final = 2
"""Lambda receives a batch with one request, and deletes it with another."""
_REPORT: Final = re.compile(r"^REPORT .*Billed Duration: (\d+(?:\.\d+)?) ms\s+Memory Size: (\d+) MB")


class Use(msgspec.Struct, frozen=True):
    """The use of a function, or of several together.

    `sqs` counts every request to SQS: what the function sends and hands back, and the receive and the delete
    of each batch. A poll that finds nothing starts no function, so it is in no use. `calls` counts the
    requests to DynamoDB and SQS by operation and target (`PutItem messages`).
    """

    invocations: float = 0
    http: float = 0
    sqs: float = 0
    write_units: float = 0
    read_units: float = 0
    gb_seconds: float = 0
    log_kb: float = 0
    calls: dict[str, float] = {}


class Run(msgspec.Struct, frozen=True):
    """A run of a function."""

    function: str
    billed_ms: float
    memory_mb: int


class Observed(msgspec.Struct, frozen=True):
    calls: Sequence[Call]
    lines: Sequence[LogLine]
    stack: str

    @property
    def runs(self) -> list[Run]:
        return list(runs_in(self.lines))

    @property
    def functions(self) -> list[str]:
        """The functions that ran, in the order of their first runs."""
        names = dict.fromkeys(run.function for run in self.runs)
        return [name for name in names if name not in BY_THE_CLOCK]


class Observer:
    """Observes a cloud whose functions are metered."""

    def __init__(self, cloud: Cloud, meter: Meter) -> None:
        self._meter = meter
        self._stack = cloud.stack
        self._logs = FunctionLogs(cloud)

    def taken(self) -> Observed:
        """Return what happened since the last time."""
        return Observed(self._meter.taken(), self._logs.new_lines(), self._stack)


def runs_in(lines: Iterable[LogLine]) -> Iterable[Run]:
    for line in lines:
        if report := _REPORT.match(line.text):
            yield Run(line.function, float(report[1]), int(report[2]))


def use_of(function: str, observed: Observed) -> Use:
    runs = [run for run in observed.runs if run.function == function]
    calls = [call for call in observed.calls if call.function == function]
    batches = 0 if function in HTTP_FUNCTIONS else len(runs)
    logged = sum(len(line.text.encode()) for line in observed.lines if line.function == function)
    return Use(
        invocations=len(runs),
        http=len(runs) if function in HTTP_FUNCTIONS else 0,
        sqs=sum(call.service == "sqs" for call in calls) + REQUESTS_OF_A_BATCH * batches,
        write_units=sum(call.write_units for call in calls),
        read_units=sum(call.read_units for call in calls),
        gb_seconds=sum(run.billed_ms / 1_000 * run.memory_mb / 1_024 for run in runs),
        log_kb=logged / 1_000,
        calls=counted(calls, observed.stack),
    )


def counted(calls: Iterable[Call], stack: str) -> dict[str, float]:
    """Count the calls to DynamoDB and SQS by operation and target, without the names that are the stack's."""
    names = Counter(
        f"{call.operation} {call.target.removeprefix(f'{stack}-').removesuffix('.fifo')}"
        for call in calls
        if call.service in ("dynamodb", "sqs")
    )
    return {name: float(count) for name, count in sorted(names.items())}


def together(uses: Iterable[Use]) -> Use:
    return shared(uses, 1)


def shared(uses: Iterable[Use], among: int) -> Use:
    """Add the uses up, and divide them among so many messages or deliveries."""
    total, calls = Counter[str](), Counter[str]()
    for use in uses:
        calls.update(use.calls)
        total.update({name: getattr(use, name) for name in Use.__struct_fields__ if name != "calls"})
    mean = {name: round(value / among, 5) for name, value in total.items()}
    return Use(**mean, calls={name: round(count / among, 3) for name, count in sorted(calls.items())})
