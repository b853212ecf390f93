"""Dead-letter queues of streams: pointers to failed records, and the records that they point to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chat4all.adapters.queues.dead_streams import EachItsOwn, KinesisDeadQueues, StreamPair
from chat4all.adapters.queues.stream_failures import Failures, Pointer
from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.recovery.ports import ReceivedRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/chat4all-chat-events"
SHARD = "shardId-000000000001"
OF_LAMBDA = {
    "requestContext": {
        "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
        "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:chat4all-router",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 201,
    },
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "version": "1.0",
    "timestamp": "2019-11-14T00:38:06.021Z",
    "KinesisBatchInfo": {
        "shardId": SHARD,
        "startSequenceNumber": "9",
        "endSequenceNumber": "11",
        "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
        "approximateArrivalOfLastRecord": "2019-11-14T00:38:05.580Z",
        "batchSize": 3,
        "streamArn": ARN,
    },
}
"""https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""


class FakeKinesis:
    """A shard with the records 8 to 13: `page` records in an answer, and an empty answer before each page."""

    def __init__(self, *, page: int = 2, error: Exception | None = None, first: int = 8) -> None:
        self.put: list[dict[str, Any]] = []
        self._records = range(first, 14)
        self._page = page
        self._error = error

    def get_shard_iterator(
        self,
        *,
        StreamName: str,  # noqa: N803 - boto's names
        ShardId: str,  # noqa: N803
        ShardIteratorType: str,  # noqa: N803
        StartingSequenceNumber: str,  # noqa: N803
    ) -> dict[str, str]:
        if self._error is not None:
            raise self._error
        assert (StreamName, ShardId) == ("chat4all-chat-events", SHARD)
        assert ShardIteratorType == "AT_SEQUENCE_NUMBER"
        return {"ShardIterator": f"empty {max(int(StartingSequenceNumber), self._records[0])}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        kind, start = ShardIterator.split()
        if kind == "empty":
            return {"Records": [], "NextShardIterator": f"full {start}", "MillisBehindLatest": 5_000}
        numbers = [record for record in self._records if record >= int(start)][: min(self._page, Limit)]
        records = [
            {
                "SequenceNumber": str(number),
                "PartitionKey": f"key {number}",
                "Data": b"\xff" if number == 10 else f"data {number}".encode(),
                "ApproximateArrivalTimestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
            }
            for number in numbers
        ]
        after = numbers[-1] + 1 if numbers else 14
        behind = 0 if after >= 14 else 1_000
        return {"Records": records, "NextShardIterator": f"empty {after}", "MillisBehindLatest": behind}

    def put_record(self, **request: str | bytes) -> dict[str, str]:
        self.put.append(request)
        return {}


class FakeSqs:
    def __init__(self, *bodies: object) -> None:
        self.messages = {f"receipt {n}": msgspec.json.encode(body).decode() for n, body in enumerate(bodies)}
        self.sent: list[str] = []
        self.broken = False

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int,  # noqa: N803
        MessageSystemAttributeNames: list[str],  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> dict[str, Any]:
        assert QueueUrl == "the dead"
        return {"Messages": [{"Body": b, "ReceiptHandle": receipt} for receipt, b in self.messages.items()]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        del self.messages[ReceiptHandle]

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        if self.broken:
            raise EndpointConnectionError(endpoint_url="https://sqs")
        self.sent.append(MessageBody)


def queues(sqs: FakeSqs, kinesis: FakeKinesis | None = None) -> KinesisDeadQueues:
    made = cast("KinesisClient", kinesis or FakeKinesis())
    return KinesisDeadQueues(
        lambda: made, cast("SQSClient", sqs), {"chat-events": StreamPair("the stream", "the dead")}
    )


def test_what_lambda_points_to_is_read_from_the_stream() -> None:
    found = [received.record for received in queues(FakeSqs(OF_LAMBDA)).receive()]

    assert [(dead_record.source, dead_record.group, dead_record.body) for dead_record in found] == [
        ("chat-events", "key 9", "data 9"),
        ("chat-events", "key 10", "\ufffd"),
        ("chat-events", "key 11", "data 11"),
    ]
    assert found[0].record_id == f"chat-events:{SHARD}:9"
    assert found[0].at == "2026-01-31T12:00:00.000Z"


def test_our_own_pointer_is_read_the_same_way() -> None:
    sqs = FakeSqs()
    Failures(cast("SQSClient", sqs), "the dead")(Pointer(ARN, SHARD, "12", "12"))
    sqs.messages = {"receipt": sqs.sent[0]}

    assert [received.record.body for received in queues(sqs).receive()] == ["data 12"]


def test_a_pointer_goes_with_the_last_of_its_records() -> None:
    sqs = FakeSqs(OF_LAMBDA)
    dead = queues(sqs)
    received = dead.receive()

    for handled in received[:-1]:
        dead.remove(handled)
        assert len(sqs.messages) == 1
    dead.remove(received[-1])

    assert sqs.messages == {}


@pytest.mark.parametrize(
    "kinesis",
    [
        FakeKinesis(first=13),
        FakeKinesis(error=ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetShardIterator")),
    ],
)
def test_a_pointer_to_what_is_no_more_is_dropped(kinesis: FakeKinesis) -> None:
    sqs = FakeSqs(OF_LAMBDA)

    assert queues(sqs, kinesis).receive() == []
    assert sqs.messages == {}


def test_a_pointer_stays_while_the_stream_does_not_answer() -> None:
    sqs = FakeSqs(OF_LAMBDA)

    with pytest.raises(Unavailable):
        queues(sqs, FakeKinesis(error=EndpointConnectionError(endpoint_url="https://kinesis"))).receive()

    assert len(sqs.messages) == 1


def test_a_record_is_put_back_where_it_was() -> None:
    kinesis = FakeKinesis()

    queues(FakeSqs(), kinesis).send_back(DeadRecord("id", "chat-events", "key", "data", "at"), "now")

    assert kinesis.put == [{"StreamName": "the stream", "PartitionKey": "key", "Data": b"data"}]


def test_a_failure_that_is_not_taken_says_so() -> None:
    sqs = FakeSqs()
    sqs.broken = True

    with pytest.raises(Unavailable):
        Failures(cast("SQSClient", sqs), "the dead")(Pointer(ARN, SHARD, "12", "12"))


class Some:
    """Dead-letter queues of one kind."""

    def __init__(self, *sources: str) -> None:
        self.given = [ReceivedRecord(DeadRecord(source, source, "", "", ""), source) for source in sources]
        self.done: list[str] = []

    def receive(self) -> list[ReceivedRecord]:
        return self.given

    def remove(self, received: ReceivedRecord) -> None:
        self.done.append(f"removed {received.record.source}")

    def send_back(self, record: DeadRecord, at: str) -> None:
        self.done.append(f"sent back {record.source}")


def test_each_source_has_its_own_kind() -> None:
    of_queues, of_streams = Some("inbound", "whatsapp"), Some("chat-events")
    both = EachItsOwn({"inbound": of_queues, "whatsapp": of_queues, "chat-events": of_streams})

    received = both.receive()
    for handled in received:
        both.remove(handled)
    both.send_back(received[-1].record, "now")

    assert [record.record.source for record in received] == ["inbound", "whatsapp", "chat-events"]
    assert of_queues.done == ["removed inbound", "removed whatsapp"]
    assert of_streams.done == ["removed chat-events", "sent back chat-events"]


def test_of_a_long_pointer_only_the_beginning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    sqs = FakeSqs({**OF_LAMBDA, "version": "x" * 100_000})

    queues(sqs, FakeKinesis(first=13)).receive()

    (line,) = caplog.messages
    assert len(line) <= LONGEST_QUOTE + 100
