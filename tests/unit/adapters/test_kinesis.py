"""The adapter of the two Kinesis streams, over a client as strict as Kinesis."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from botocore.exceptions import ClientError

from chat4all.adapters.queues import kinesis as module
from chat4all.adapters.queues.kinesis import KinesisEvents, Streams
from chat4all.adapters.queues.sqs import Queues
from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import ChatEvent, DeliveryRequested, MessageAccepted, Recipient, StatusUpdate
from chat4all.domain.status import Status
from tests.unit.adapters.test_sqs import A_JOIN, A_SUBMITTED, StrictSqs

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

AT = "2026-01-31T12:00:00.000Z"
QUEUES = Queues(channels={"whatsapp": "whatsapp"})


class StrictKinesis:
    """A client as strict as Kinesis. Records with `refuse` in them fail; while `down`, all calls fail."""

    def __init__(self, *, refuse: bytes | None = None, down: bool = False) -> None:
        self.puts: list[Mapping[str, Any]] = []
        self.batches: list[int] = []
        self.taken: list[tuple[str, str, bytes]] = []
        self.down = down
        self._refuse = refuse

    def put_record(self, **request: str | bytes) -> dict[str, str]:
        assert {"StreamName", "Data", "PartitionKey"} <= set(request)
        self.puts.append(request)
        if self.down:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutRecord")
        return {"SequenceNumber": self._take(str(request["StreamName"]), request), "ShardId": "shardId-0"}

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto's names
        assert 1 <= len(Records) <= 500
        assert sum(len(record["Data"]) + len(record["PartitionKey"]) for record in Records) <= 5 * 1024 * 1024
        self.batches.append(len(Records))
        if self.down:
            raise ClientError({"Error": {"Code": "InternalFailure"}}, "PutRecords")
        return {"Records": [self._answer(StreamName, record) for record in Records]}

    def _answer(self, stream: str, record: dict[str, Any]) -> dict[str, str]:
        if self._refuse is not None and self._refuse in record["Data"]:
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Slower."}
        return {"SequenceNumber": self._take(stream, record), "ShardId": "shardId-0"}

    def _take(self, stream: str, record: Mapping[str, Any]) -> str:
        assert 0 < len(record["PartitionKey"]) <= 256
        assert 0 < len(record["Data"]) <= 1024 * 1024
        self.taken.append((stream, record["PartitionKey"], record["Data"]))
        return str(len(self.taken))


def events(kinesis: StrictKinesis, sqs: StrictSqs | None = None) -> KinesisEvents:
    return KinesisEvents(
        cast("KinesisClient", kinesis),
        Streams("chat-events", "status-updates"),
        cast("SQSClient", sqs or StrictSqs()),
        QUEUES,
    )


def a_message(message_id: str = "m", conversation_id: str = "c") -> MessageAccepted:
    return MessageAccepted(message_id, conversation_id, Text("hello"), (), AT, "1", 0)


def an_update(theirs: str) -> StatusUpdate:
    return StatusUpdate("whatsapp", "main", Status.SENT, AT, theirs)


def test_a_message_goes_to_its_conversations_shard() -> None:
    kinesis = StrictKinesis()

    events(kinesis).message_accepted(a_message())

    ((stream, key, data),) = kinesis.taken
    assert (stream, key) == ("chat-events", "c")
    assert msgspec.json.decode(data, type=ChatEvent) == a_message()


def test_the_number_of_a_message_is_that_of_its_record() -> None:
    kinesis = StrictKinesis()
    stream = events(kinesis)

    numbers = [
        stream.message_submitted(A_SUBMITTED),
        stream.participant_joining(A_JOIN),
        stream.message_submitted(A_SUBMITTED),
    ]

    assert numbers == ["1", "2", "3"]
    assert [msgspec.json.decode(data, type=ChatEvent) for _, _, data in kinesis.taken] == [
        A_SUBMITTED,
        A_JOIN,
        A_SUBMITTED,
    ]
    assert [put.get("SequenceNumberForOrdering") for put in kinesis.puts] == [None, None, "1"]


def test_a_conversations_later_message_is_strictly_after_the_earlier() -> None:
    kinesis = StrictKinesis()
    stream = events(kinesis)

    for message_id, conversation_id in (("1", "a"), ("2", "b"), ("3", "a")):
        stream.message_accepted(a_message(message_id, conversation_id))

    assert [put.get("SequenceNumberForOrdering") for put in kinesis.puts] == [None, None, "1"]


def test_a_message_that_is_not_taken_says_so_and_the_next_try_stands_by_itself() -> None:
    kinesis = StrictKinesis()
    stream = events(kinesis)
    stream.message_accepted(a_message("1"))
    kinesis.down = True
    with pytest.raises(Unavailable):
        stream.message_accepted(a_message("2"))
    kinesis.down = False

    stream.message_accepted(a_message("2"))

    assert [put.get("SequenceNumberForOrdering") for put in kinesis.puts] == [None, "1", None]


def test_only_so_many_conversations_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    kinesis = StrictKinesis()
    stream = events(kinesis)

    for conversation_id in ("a", "b", "a", "c", "b", "a"):
        stream.message_accepted(a_message(conversation_id=conversation_id))

    known = [put.get("SequenceNumberForOrdering") for put in kinesis.puts]
    assert known == [None, None, "1", None, None, None]


def test_statuses_of_one_delivery_have_one_key() -> None:
    kinesis = StrictKinesis()

    assert events(kinesis).status_updates([an_update("a"), an_update("b"), an_update("a")]) == []

    keys = [key for _, key, _ in kinesis.taken]
    assert keys[0] == keys[2] != keys[1]
    assert {stream for stream, _, _ in kinesis.taken} == {"status-updates"}


def test_many_statuses_go_in_as_few_batches_as_kinesis_takes() -> None:
    kinesis = StrictKinesis()

    assert events(kinesis).status_updates([an_update(str(number)) for number in range(1_100)]) == []

    assert kinesis.batches == [500, 500, 100]


def test_large_statuses_go_in_several_batches() -> None:
    kinesis = StrictKinesis()
    updates = [
        StatusUpdate("whatsapp", "main", Status.FAILED, AT, str(number), error_reason="x" * 900_000)
        for number in range(7)
    ]

    assert events(kinesis).status_updates(updates) == []

    assert kinesis.batches == [4, 3]


def test_the_statuses_that_were_not_taken_are_returned() -> None:
    updates = [an_update("good"), an_update("bad"), an_update("good too")]

    assert events(StrictKinesis(refuse=b'"bad"')).status_updates(updates) == [updates[1]]
    assert events(StrictKinesis(down=True)).status_updates(updates) == updates


def test_no_statuses_are_no_call() -> None:
    kinesis = StrictKinesis()

    assert events(kinesis).status_updates([]) == []
    assert kinesis.batches == []


def test_everything_else_stays_on_sqs() -> None:
    kinesis, sqs = StrictKinesis(), StrictSqs()
    requested = DeliveryRequested(
        "m", "c", Recipient("u", "whatsapp", "main", "49151", 1), Text("hello"), 0, 1, 1, AT, "1"
    )

    events(kinesis, sqs).deliveries_requested([requested])

    assert [url for url, _ in sqs.batches] == ["whatsapp"]
    assert kinesis.taken == []
