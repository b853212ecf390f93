"""The dead-letter queues of streams. Each message points to records, which are read from the stream again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import SuppressCodes, answering
from chat4all.adapters.queues.dead_queues import delete, receive
from chat4all.adapters.queues.stream_failures import Pointer, pointer_of
from chat4all.domain.clock import iso
from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened
from chat4all.services.recovery.ports import DeadQueues, ReceivedRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

_MOST_READS: Final = 20
_MOST_KEPT: Final = 300_000
"""Bytes. A row of the table holds 400 KB, and a record of the stream 1 MiB. Events are always smaller."""
_GONE: Final = frozenset({"InvalidArgumentException", "ResourceNotFoundException"})
"""Kinesis's error codes for a shard or a sequence number that no longer exists."""

_answering: Final = answering("The stream did not answer; try again.")


class StreamPair(msgspec.Struct, frozen=True):
    """A stream's name, and the URL of the queue of pointers to records that no function could handle."""

    stream: str
    dead: str


class KinesisDeadQueues:
    def __init__(
        self, kinesis: Callable[[], "KinesisClient"], sqs: "SQSClient", pairs: Mapping[str, StreamPair]
    ) -> None:
        """`kinesis` makes the client, which is seldom needed."""
        self._kinesis = kinesis
        self._sqs = sqs
        self._pairs = pairs
        self._left: dict[str, set[str]] = {}
        """The records of each receipt that are not removed yet."""

    def receive(self) -> list[ReceivedRecord]:
        return [received for source in self._pairs for received in self._receive(source)]

    def remove(self, received: ReceivedRecord) -> None:
        """Remove the record; delete the pointer with the last of its records."""
        left = self._left[received.receipt]
        left.discard(received.record.record_id)
        if not left:
            delete(self._sqs, self._pairs[received.record.source].dead, received.receipt)

    @_answering
    def send_back(self, record: DeadRecord, at: str) -> None:
        self._kinesis().put_record(
            StreamName=self._pairs[record.source].stream,
            PartitionKey=record.group,
            Data=record.body.encode(),
        )

    def _receive(self, source: str) -> list[ReceivedRecord]:
        messages = receive(self._sqs, self._pairs[source].dead, attributes=[])
        return [
            received
            for message in messages
            for received in self._read(source, message["Body"], message["ReceiptHandle"])
        ]

    def _read(self, source: str, body: str, receipt: str) -> list[ReceivedRecord]:
        pointer = pointer_of(body)
        records = [_dead(source, pointer.shard_id, record) for record in self._records(pointer)]
        if not records:
            _log.error("the stream no longer holds the records of this pointer: %s", shortened(body))
            delete(self._sqs, self._pairs[source].dead, receipt)
        self._left[receipt] = {record.record_id for record in records}
        return [ReceivedRecord(record, receipt) for record in records]

    @_answering
    def _records(self, pointer: Pointer) -> list["RecordTypeDef"]:
        with SuppressCodes(_GONE):
            return list(self._between(pointer))
        return []

    def _between(self, pointer: Pointer) -> Sequence["RecordTypeDef"]:
        kinesis = self._kinesis()
        iterator: str | None = kinesis.get_shard_iterator(
            StreamName=pointer.stream_arn.rpartition("/")[2],
            ShardId=pointer.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=pointer.start_sequence_number,
        )["ShardIterator"]
        first, last = int(pointer.start_sequence_number), int(pointer.end_sequence_number)
        found: list[RecordTypeDef] = []
        for _ in range(_MOST_READS):
            if iterator is None:
                return found
            answer = kinesis.get_records(ShardIterator=iterator, Limit=1 if first == last else 1_000)
            given = answer["Records"]
            found += [record for record in given if first <= int(record["SequenceNumber"]) <= last]
            if given and int(given[-1]["SequenceNumber"]) >= last:
                return found
            if not given and not answer.get("MillisBehindLatest"):
                return found
            iterator = answer.get("NextShardIterator")
        raise Unavailable("The stream did not give out the records in time; try again.")


class EachItsOwn:
    """Dead-letter queues of several kinds behind one port; `by_source` maps each source to its queues."""

    def __init__(self, by_source: Mapping[str, DeadQueues]) -> None:
        self._by_source = by_source

    def receive(self) -> list[ReceivedRecord]:
        kinds = {id(queues): queues for queues in self._by_source.values()}
        return [received for queues in kinds.values() for received in queues.receive()]

    def remove(self, received: ReceivedRecord) -> None:
        self._by_source[received.record.source].remove(received)

    def send_back(self, record: DeadRecord, at: str) -> None:
        self._by_source[record.source].send_back(record, at)


def _dead(source: str, shard_id: str, record: "RecordTypeDef") -> DeadRecord:
    return DeadRecord(
        # A sequence number is unique in its shard.
        record_id=f"{source}:{shard_id}:{record['SequenceNumber']}",
        source=source,
        group=record["PartitionKey"],
        # A record that is not UTF-8 is not an event: it is stored for people to read.
        body=record["Data"][:_MOST_KEPT].decode("utf-8", "replace"),
        at=iso(record["ApproximateArrivalTimestamp"]),
    )
