"""Measures the overhead of the `api` handler, which handles every other block of messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from chat4all_local.bench.deployed_code import deployed_code, run_isolated
from chat4all_local.bench.functions import environment
from chat4all_local.bench.overhead.figures import ProbeResult, overhead_figures
from chat4all_local.bench.overhead.view import draw, table
from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.bench.report import Report
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.traffic.target import body, rounds_of

BLOCKS: Final = 15
REQUESTS_PER_BLOCK: Final = 16
_CONVERSATIONS: Final = {"instagram": REQUESTS_PER_BLOCK}
_NAME: Final = "bench-overhead"
_HERE: Final = Path(__file__).parent
_NOTES: Final = (
    (
        "A single process with the deployed layer and the function's environment calls the local cloud. The"
        " key and the conversation have been read before, as in a warm function."
    ),
    "Processor time is the sum over the process's threads, without the local cloud's time.",
)


class _ProbeTask(msgspec.Struct, frozen=True):
    """The task that the probe reads from stdin."""

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
            task = _ProbeTask(
                layer=str(code.layer),
                code=str(code.function("api")),
                event=_event(cloud.api_key),
                bodies=[_bodies(side) for _ in range(BLOCKS + 1)],
                table=table_name,
                queue=queue_url,
            )
            tell(f"{BLOCKS} blocks of {REQUESTS_PER_BLOCK} requests, bare and product in turns")
            result = _probe(task, environment(cloud, "api"))
        tell("waiting until the messages are through")
        side.settle()
    finally:
        side.close()
    figures = overhead_figures(result, REQUESTS_PER_BLOCK)
    return Report(
        title="Overhead: the api handler for one POST beside one conditional put and one FIFO send",
        figures=figures,
        aims=(),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, result, REQUESTS_PER_BLOCK),
    )


def _probe(task: _ProbeTask, environment: dict[str, str]) -> ProbeResult:
    result = run_isolated(_HERE / "probe.py", [], environment, msgspec.json.encode(task))
    return msgspec.json.decode(result, type=ProbeResult)


def _event(api_key: str) -> dict[str, Any]:
    """Return API Gateway's event for a POST, as recorded on a local cloud, with this cloud's API key."""
    event: dict[str, Any] = msgspec.json.decode((_HERE / "post_message.json").read_bytes())
    event["headers"]["x-api-key"] = api_key
    event["multiValueHeaders"]["x-api-key"] = [api_key]
    return event


def _bodies(side: ProductSide) -> list[str]:
    return [body(line).decode() for line in rounds_of(side.conversations, 1)]


@contextmanager
def _bare_table_and_queue(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Create a table and a FIFO queue without consumers for the block.

    Yields the table's name and the queue's URL.
    """
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
