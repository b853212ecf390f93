"""The arithmetic of an estimate: what each step of a message uses, times what that costs."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from chat4all_local.cloud.errors import CloudError
from chat4all_local.metering.use import REQUESTS_OF_A_BATCH, Use, together

MILLION: Final = 1_000_000
RECEIPTS: Final = ("sent", "delivered", "read")
"""The receipts that the provider sends for every message of the estimate."""
TRACED: Final = 0.05
"""X-Ray's default: each second's first request, and 5 of a hundred of the others."""
PROVISIONED_USE: Final = 0.7
"""The share of the provisioned capacity that is used: the target of auto scaling in DynamoDB's examples."""
STREAMED: Final = {"chat-events": "router", "status-updates": "status"}
"""The queues that `EventStream=kinesis` replaces, and the functions that they feed."""
SHARDS: Final = 20
"""Two streams of 10 shards, which is the template's EventStreamShards."""
HOURS_A_MONTH: Final = 730
WORDS: Final = {200: 26, 500: 53, 1_000: 91, 2_000: 152, 4_000: 199, 7_000: 200, 10_000: 200}
"""The words by which a text of so many characters is found: counted in pieces of this documentation."""
INDEXING: Final = Use(invocations=1, gb_seconds=0.02)
"""A call of the function `search` for one message: the most that it takes, in a stack with little traffic."""


class Price(msgspec.Struct, frozen=True):
    """US dollars for one of `unit`."""

    usd: float
    unit: str
    source: str


class PriceTable(msgspec.Struct, frozen=True):
    """`as_of` is when the sources said so; `note` what to think of them."""

    region: str
    as_of: str
    note: str
    prices: dict[str, Price]


class Step(msgspec.Struct, frozen=True):
    """A step of a message: a function, and what it uses for the message or for a receipt of it.

    `receipt` is empty for a step that every message takes.
    """

    name: str
    function: str
    receipt: str
    use: Use


class Size(msgspec.Struct, frozen=True):
    """The mean use of a text of so many characters, step by step."""

    characters: int
    steps: tuple[Step, ...]


class KeptUse(msgspec.Struct, frozen=True):
    """The measured use. `where` is the machine on which the functions ran."""

    measured_at: str
    where: str
    how: str
    channel: str
    sizes: tuple[Size, ...]


class Line(msgspec.Struct, frozen=True):
    """The use of a step for one message, and its dollars for a million messages."""

    step: str
    use: Use
    usd_per_million: float


class Service(msgspec.Struct, frozen=True):
    """`quantity` is of the price's unit, for one message."""

    service: str
    price: str
    quantity: float
    usd_per_million: float


class Change(msgspec.Struct, frozen=True):
    """A choice, and what it changes: dollars for a million messages, and fixed dollars a month."""

    choice: str
    usd_per_million: float
    usd_a_month: float = 0

    @property
    def pays_from(self) -> float | None:
        """The millions of messages a month from which the choice is cheaper; None if it never is."""
        if self.usd_per_million >= 0:
            return None
        return self.usd_a_month / -self.usd_per_million


class Estimate(msgspec.Struct, frozen=True):
    """The cost of `messages` texts of `characters` characters, with a receipt of each kind."""

    messages: int
    usd: float
    characters: int
    channel: str
    receipts: tuple[str, ...]
    region: str
    as_of: str
    measured_at: str
    lines: tuple[Line, ...]
    whole: Line
    without_receipts: Line
    services: tuple[Service, ...]
    changes: tuple[Change, ...]


def size_for(kept: KeptUse, characters: int) -> Size:
    """Return the smallest measured size with at least so many characters. Raises CloudError."""
    fitting = [size for size in kept.sizes if size.characters >= characters]
    if not fitting:
        most = max(size.characters for size in kept.sizes)
        raise CloudError(f"no text of {characters} characters was measured", f"the longest has {most}")
    return min(fitting, key=lambda size: size.characters)


def estimate(kept: KeptUse, table: PriceTable, messages: int, characters: int) -> Estimate:
    """Estimate the cost, without free tiers, storage, files, idle costs, and traffic out of AWS.

    Raises CloudError where no text of so many characters was measured.
    """
    size = size_for(kept, characters)
    uses = [step.use for step in size.steps]
    whole = _line("whole", together(uses), table)
    basic = together(step.use for step in size.steps if not step.receipt)
    return Estimate(
        messages=messages,
        usd=whole.usd_per_million * messages / MILLION,
        characters=size.characters,
        channel=kept.channel,
        receipts=RECEIPTS,
        region=table.region,
        as_of=table.as_of,
        measured_at=kept.measured_at,
        lines=tuple(_line(step.name, step.use, table) for step in size.steps),
        whole=whole,
        without_receipts=_line("without receipts", basic, table),
        services=tuple(
            Service(service, price, quantity, MILLION * quantity * table.prices[price].usd)
            for service, price, quantity in quantities(together(uses))
        ),
        changes=tuple(_changes(size, table)),
    )


def usd_per_million(use: Use, table: PriceTable) -> float:
    return MILLION * sum(quantity * table.prices[price].usd for _, price, quantity in quantities(use))


def quantities(use: Use) -> Iterator[tuple[str, str, float]]:
    """Yield service, price and quantity of a use."""
    yield "API Gateway", "api_gateway_request", use.http
    yield "Lambda", "lambda_request", use.invocations
    yield "Lambda", "lambda_gb_second", use.gb_seconds
    yield "SQS", "sqs_fifo_request", use.sqs
    yield "DynamoDB", "dynamodb_read_unit", use.read_units
    yield "DynamoDB", "dynamodb_write_unit", use.write_units
    yield "CloudWatch Logs", "logs_gb", use.log_kb / 1_000_000
    yield "X-Ray", "xray_trace", TRACED * use.http


def _line(name: str, use: Use, table: PriceTable) -> Line:
    return Line(name, use, usd_per_million(use, table))


def _changes(size: Size, table: PriceTable) -> Iterator[Change]:
    steps = size.steps
    usd = {name: price.usd for name, price in table.prices.items()}
    whole = together(step.use for step in steps)
    webhooks = sum(step.use.http for step in steps if step.function == "webhooks")
    yield Change(
        "WebhookFront=FunctionUrl instead of ApiGateway",
        -MILLION * webhooks * usd["api_gateway_request"],
    )
    sends, requests = _of_streams(steps)
    yield Change(
        "EventStream=kinesis instead of sqs, two streams of 10 shards",
        MILLION * (sends * usd["kinesis_put_unit"] - requests * usd["sqs_fifo_request"]),
        SHARDS * HOURS_A_MONTH * usd["kinesis_shard_hour"],
    )
    yield Change(
        f"provisioned capacity of DynamoDB instead of on demand, {PROVISIONED_USE:.0%} of it used",
        MILLION
        * (whole.write_units * _provisioned(usd, "write") + whole.read_units * _provisioned(usd, "read")),
    )
    yield Change(
        "Architecture=arm64 instead of x86_64, if functions take as long",
        MILLION * whole.gb_seconds * (usd["lambda_gb_second_arm64"] - usd["lambda_gb_second"]),
    )
    words = WORDS[size.characters]
    index = together((INDEXING, Use(write_units=words, read_units=words)))
    yield Change(
        "SearchIndex=table instead of off, if no two messages share a batch (docs/scale.md)",
        usd_per_million(index, table),
    )


def _of_streams(steps: tuple[Step, ...]) -> tuple[float, float]:
    """Return the sends to the queues that streams can replace, and all requests to these queues."""
    sends = sum(
        count
        for step in steps
        for call, count in step.use.calls.items()
        if call.startswith("Send") and call.split()[1] in STREAMED
    )
    batches = sum(step.use.invocations for step in steps if step.function in STREAMED.values())
    return sends, sends + REQUESTS_OF_A_BATCH * batches


def _provisioned(usd: Mapping[str, float], kind: str) -> float:
    """Return what a unit costs more, or less, if capacity is provisioned for it."""
    an_hour = usd[f"dynamodb_provisioned_{kind}_hour"]
    return an_hour / 3_600 / PROVISIONED_USE - usd[f"dynamodb_{kind}_unit"]
