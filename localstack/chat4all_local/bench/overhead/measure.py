"""Measures the `api` handler's overhead: blocks of the same messages through it and past it, in turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from chat4all_local.bench.deployed_code import deployed_code, run_isolated
from chat4all_local.bench.functions import environment
from chat4all_local.bench.overhead.figures import Told, overhead_figures
from chat4all_local.bench.overhead.view import draw, table
from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.pipeline.target import body, rounds_of
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell

BLOCKS: Final = 15
REQUESTS_PER_BLOCK: Final = 16
_CONVERSATIONS: Final = {"instagram": REQUESTS_PER_BLOCK}
_NAME: Final = "bench-overhead"
_HERE: Final = Path(__file__).parent
_NOTES: Final = (
    (
        "In one process with the deployed layer and the function's environment, against the local cloud; the key"
        " and the conversation have been read before, as in a function that is warm."
    ),
    "Processor time is of the process's threads together, without what the local cloud takes.",
)


class _Given(msgspec.Struct, frozen=True):
    """What the probe reads from stdin."""

    layer: str
    code: str
    event: dict[str, Any]
    bodies: list[list[str]]
    table: str
    queue: str


def measure(cloud: Cloud, tell: Tell) -> Report:
    tell(f"making {REQUESTS_PER_BLOCK} conversations")
    side = ProductSide(cloud, _CONVERSATIONS)
    try:
        with deployed_code(cloud) as code, _bare_table_and_queue(cloud) as (table_name, queue_url):
            given = _Given(
                layer=str(code.layer),
                code=str(code.function("api")),
                event=_event(cloud.api_key),
                bodies=[_bodies(side) for _ in range(BLOCKS + 1)],
                table=table_name,
                queue=queue_url,
            )
            tell(f"{BLOCKS} blocks of {REQUESTS_PER_BLOCK} requests, bare and product in turns")
            told = _probe(given, environment(cloud, "api"))
        tell("waiting until the messages are through")
        side.settle()
    finally:
        side.close()
    figures = overhead_figures(told, REQUESTS_PER_BLOCK)
    return Report(
        title="Overhead: the api handler for one POST beside one conditional put and one FIFO send",
        figures=figures,
        aims=(),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, told, REQUESTS_PER_BLOCK),
    )


def _probe(given: _Given, environment: dict[str, str]) -> Told:
    told = run_isolated(_HERE / "probe.py", [], environment, msgspec.json.encode(given))
    return msgspec.json.decode(told, type=Told)


def _event(api_key: str) -> dict[str, Any]:
    """API Gateway's event for a POST, as it was recorded on the local cloud, with this cloud's key."""
    event: dict[str, Any] = msgspec.json.decode((_HERE / "post_message.json").read_bytes())
    event["headers"]["x-api-key"] = api_key
    event["multiValueHeaders"]["x-api-key"] = [api_key]
    return event


def _bodies(side: ProductSide) -> list[str]:
    return [body(line).decode() for line in rounds_of(side.conversations, 1)]


@contextmanager
def _bare_table_and_queue(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """A table and a FIFO queue that nobody reads: its name and its URL."""
    dynamodb, sqs = cloud.aws.dynamodb(), cloud.aws.sqs()
    dynamodb.create_table(
        TableName=_NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "message_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "message_id", "KeyType": "HASH"}],
    )
    queue = sqs.create_queue(QueueName=f"{_NAME}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    try:
        yield _NAME, queue
    finally:
        sqs.delete_queue(QueueUrl=queue)
        dynamodb.delete_table(TableName=_NAME)
