"""The arithmetic of an estimate: the use of each message times its prices."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from chat4all_local.cloud.errors import CloudError

QUEUE_FUNCTIONS: Final = ("inbound", "router", "status")
"""The functions of queues, in addition to the channels'. Lambda receives and deletes once for each batch."""
HTTP_FUNCTIONS: Final = ("api", "webhooks")
TRACED: Final = 0.05
"""X-Ray's default samples the first request of each second, and 5 percent of the others."""


class Price(msgspec.Struct, frozen=True):
    """The price of a `unit` in US dollars."""

    usd: float
    unit: str
    source: str


class PriceTable(msgspec.Struct, frozen=True):
    """The prices of a region. `as_of` is the date of the sources; `note` comments on their reliability."""

    region: str
    as_of: str
    note: str
    prices: dict[str, Price]


class FunctionUse(msgspec.Struct, frozen=True):
    """The use of a function for one message: the number of its runs and their total time."""

    invocations: float
    billed_ms: float
    memory_mb: int


class Use(msgspec.Struct, frozen=True):
    """The use of AWS for a message, with its receipts.

    `where` is the machine on which the times were measured. The same number of messages went over each of
    `channels`; `left_out` are the other channels, which were not measured.
    """

    measured_at: str
    where: str
    how: str
    channels: tuple[str, ...]
    left_out: tuple[str, ...]
    functions: dict[str, FunctionUse]
    sqs_sends: float
    dynamodb_read_units: float
    dynamodb_write_units: float
    log_kb: float


class Line(msgspec.Struct, frozen=True):
    """A line of the estimate; `quantity` is for all messages, in the price's unit."""

    service: str
    price: str
    quantity: float
    usd: float


class Estimate(msgspec.Struct, frozen=True):
    messages: int
    region: str
    as_of: str
    measured_at: str
    channels: tuple[str, ...]
    left_out: tuple[str, ...]
    lines: tuple[Line, ...]
    usd: float


def estimate(use: Use, table: PriceTable, messages: int) -> Estimate:
    """Estimate the cost, without free tiers, storage, files, idle costs, and traffic out of AWS.

    Raises CloudError if the use lacks a function that every message needs.
    """
    lines = tuple(
        Line(service, price, quantity * messages, quantity * messages * table.prices[price].usd)
        for service, price, quantity in _quantities(use)
    )
    return Estimate(
        messages=messages,
        region=table.region,
        as_of=table.as_of,
        measured_at=use.measured_at,
        channels=use.channels,
        left_out=use.left_out,
        lines=lines,
        usd=sum(line.usd for line in lines),
    )


def _quantities(use: Use) -> Iterator[tuple[str, str, float]]:
    """Yield service, price and quantity for one message."""
    requests = _runs(use.functions, HTTP_FUNCTIONS)
    batches = _runs(use.functions, (*QUEUE_FUNCTIONS, *use.channels))
    yield "API Gateway", "api_gateway_request", requests
    yield "Lambda", "lambda_request", sum(function.invocations for function in use.functions.values())
    yield "Lambda", "lambda_gb_second", sum(gb_seconds(function) for function in use.functions.values())
    yield "SQS", "sqs_fifo_request", use.sqs_sends + 2 * batches
    yield "DynamoDB", "dynamodb_read_unit", use.dynamodb_read_units
    yield "DynamoDB", "dynamodb_write_unit", use.dynamodb_write_units
    yield "CloudWatch Logs", "logs_gb", use.log_kb / 1_000_000
    yield "X-Ray", "xray_trace", TRACED * requests


def gb_seconds(use: FunctionUse) -> float:
    return use.billed_ms / 1_000 * use.memory_mb / 1_024


def _runs(functions: Mapping[str, FunctionUse], names: tuple[str, ...]) -> float:
    if missing := [name for name in names if name not in functions]:
        raise CloudError(
            f"the measurement lacks {', '.join(missing)}",
            "measure again with chat4all cost --measure on an idle machine",
        )
    return sum(functions[name].invocations for name in names)
