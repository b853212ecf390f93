"""Reading a stream from a given time, and `chat4all replay` over it."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from boto3 import Session
from typer.testing import CliRunner

from chat4all.domain.content import Text
from chat4all.domain.events import MessageAccepted
from chat4all_local.cli import replay as command
from chat4all_local.cli.app import app
from chat4all_local.cloud.errors import CloudError
from chat4all_local.replay.reading import Read, Stream
from chat4all_local.replay.stack import Stack
from tests.integration.aws import Aws
from tests.integration.template import REGION

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

SHARDS = 3


@pytest.fixture
def kinesis() -> "KinesisClient":
    return Session(region_name=REGION).client("kinesis")


@pytest.fixture
def stream(kinesis: "KinesisClient") -> Iterator[str]:
    name = f"replayed-{uuid.uuid4()}"
    kinesis.create_stream(StreamName=name, ShardCount=SHARDS)
    yield name
    kinesis.delete_stream(StreamName=name)


def an_event(conversation_id: str, sequence: int) -> MessageAccepted:
    return MessageAccepted(
        f"{conversation_id}-{sequence}",
        conversation_id,
        Text("hello"),
        (),
        "2026-11-25T08:00:00.000Z",
        str(sequence),
        0,
    )


def put(kinesis: "KinesisClient", stream: str, events: list[MessageAccepted]) -> None:
    for event in events:
        kinesis.put_record(
            StreamName=stream, PartitionKey=event.conversation_id, Data=msgspec.json.encode(event)
        )


def read(kinesis: "KinesisClient", stream: str, since: datetime, until: datetime) -> list[Read]:
    pages = Stream(kinesis, stream, pause=lambda _: None).between(since, until)
    return [record for page in pages for record in page]


def test_everything_of_a_time_is_read_in_each_conversations_order(
    kinesis: "KinesisClient", stream: str
) -> None:
    began = datetime.now(UTC)
    put(kinesis, stream, [an_event(str(number % 10), number) for number in range(60)])

    found = read(kinesis, stream, began, datetime.now(UTC))

    events = [msgspec.json.decode(record.data, type=MessageAccepted) for record in found]
    assert sorted(int(event.sequence) for event in events) == list(range(60))
    assert len({record.place for record in found}) == 60
    for conversation_id in {event.conversation_id for event in events}:
        mine = [int(event.sequence) for event in events if event.conversation_id == conversation_id]
        assert mine == sorted(mine)


def test_what_came_before_and_after_is_left_out(kinesis: "KinesisClient", stream: str) -> None:
    put(kinesis, stream, [an_event("a", 1)])
    time.sleep(0.01)  # Kinesis gives times of arrival in milliseconds
    now = datetime.now(UTC)
    began = now.replace(microsecond=now.microsecond // 1000 * 1000)
    put(kinesis, stream, [an_event("a", 2)])
    ended = datetime.now(UTC)
    time.sleep(0.01)
    put(kinesis, stream, [an_event("a", 3)])

    (found,) = read(kinesis, stream, began, ended)

    assert msgspec.json.decode(found.data)["sequence"] == "2"


def test_an_empty_stream_is_read_to_its_end(kinesis: "KinesisClient", stream: str) -> None:
    now = datetime.now(UTC)

    assert read(kinesis, stream, now - timedelta(days=7), now) == []


class FakeCloudFormation:
    def __init__(self, stream: str | None) -> None:
        self._outputs = [{"OutputKey": "ApiId", "OutputValue": "a"}]
        if stream is not None:
            self._outputs.append({"OutputKey": "ChatEventsStream", "OutputValue": stream})

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto's name
        return {"Stacks": [{"StackName": StackName, "Outputs": self._outputs}]}


@pytest.fixture
def replay(aws: Aws, kinesis: "KinesisClient", monkeypatch: pytest.MonkeyPatch) -> "Replay":
    return Replay(aws, kinesis, monkeypatch)


class Replay:
    """`chat4all replay` over a stack in moto."""

    def __init__(self, aws: Aws, kinesis: "KinesisClient", patch: pytest.MonkeyPatch) -> None:
        self._aws = aws
        self._kinesis = kinesis
        self._patch = patch

    def __call__(self, stream: str | None, *arguments: str) -> Any:  # noqa: ANN401 - typer's result
        cloudformation: Any = FakeCloudFormation(stream)
        functions: Any = None
        stack = Stack("chat4all", cloudformation, self._kinesis, functions, self._aws.sqs)
        self._patch.setattr(command, "on_aws", lambda _: stack)
        return CliRunner().invoke(app, ["replay", "--on-aws", *arguments])


def test_onto_the_terminal_come_the_events_and_nothing_else(
    replay: Replay, kinesis: "KinesisClient", stream: str
) -> None:
    put(kinesis, stream, [an_event("a", number) for number in range(3)])

    result = replay(stream, "--from", "1h", "--into", "-")

    assert result.exit_code == 0, result.output
    assert [msgspec.json.decode(line)["sequence"] for line in result.stdout.splitlines()] == ["0", "1", "2"]


def test_into_a_queue_they_come_in_order(
    replay: Replay, kinesis: "KinesisClient", stream: str, aws: Aws
) -> None:
    put(kinesis, stream, [an_event("a", number) for number in range(12)])
    url = aws.sqs.create_queue(QueueName=f"{stream}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    result = replay(stream, "--from", "1h", "--into", url, "--json")

    assert msgspec.json.decode(result.stdout) == {"read": 12, "sent": 12, "unreadable": 0}
    assert [msgspec.json.decode(body)["sequence"] for body in aws.drained(url)] == [
        str(number) for number in range(12)
    ]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("--from", "yesterday"), "is no time"),
        (("--from", "1h", "--to", "2h"), "is after"),
        (("--from", "2100-01-01"), "is in the future"),
        (("--from", "1h", "--into", "my-queue"), "is no queue"),
        ((), "--from"),
    ],
)
def test_bad_input_is_named(replay: Replay, arguments: tuple[str, ...], wrong: str) -> None:
    result = replay("a-stream", *arguments)

    assert result.exit_code == 2
    assert wrong in " ".join(result.stderr.split())


def test_on_sqs_there_is_nothing_to_replay(replay: Replay) -> None:
    result = replay(None, "--from", "1h")

    assert isinstance(result.exception, CloudError)
    assert "SQS keeps no events that could be replayed" in result.exception.message
