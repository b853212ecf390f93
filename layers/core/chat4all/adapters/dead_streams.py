"""The dead-letter queues of streams: each message points to records, which are read from the stream again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from chat4all.adapters.aws import SuppressCodes, answering
from chat4all.adapters.dead_queues import ReceivingClient, delete, receive
from chat4all.adapters.stream_failures import Pointer, pointer_of
from chat4all.domain.clock import iso
from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened
from chat4all.services.recovery.ports import DeadQueues, ReceivedRecord

_log = logging.getLogger(__name__)

_MOST_READS: Final = 20
_MOST_KEPT: Final = 300_000
"""Bytes; a row of the table takes 400 KB, a record of the stream 1 MiB. No event of ours is as large."""
_GONE: Final = frozenset({"InvalidArgumentException", "ResourceNotFoundException"})
"""What Kinesis says of a shard or a place that is no more."""

_answering: Final = answering("The stream did not answer; try again.")


class ReadingClient(Protocol):
    """The calls of boto3's Kinesis client that are used here."""

    def get_shard_iterator(
        self, *, StreamName: str, ShardId: str, ShardIteratorType: str, StartingSequenceNumber: str
    ) -> dict[str, str]: ...

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]: ...

    def put_record(self, **request: str | bytes) -> dict[str, str]: ...


class StreamPair(msgspec.Struct, frozen=True):
    """A stream's name, and the URL of the queue with pointers to what nobody could handle of it."""

    stream: str
    dead: str


class KinesisDeadQueues:
    def __init__(
        self, kinesis: Callable[[], ReadingClient], sqs: ReceivingClient, pairs: Mapping[str, StreamPair]
    ) -> None:
        """`kinesis` makes the client when it is needed: seldom."""
        self._kinesis = kinesis
        self._sqs = sqs
        self._pairs = pairs
        self._left: dict[str, set[str]] = {}
        """By receipt, the records that have yet to be removed."""

    def receive(self) -> list[ReceivedRecord]:
        return [one for source in self._pairs for one in self._receive(source)]

    def remove(self, received: ReceivedRecord) -> None:
        """The pointer goes with the last of its records."""
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
            one
            for message in messages
            for one in self._read(source, message["Body"], message["ReceiptHandle"])
        ]

    def _read(self, source: str, body: str, receipt: str) -> list[ReceivedRecord]:
        pointer = pointer_of(body)
        records = [_dead(source, pointer.shard_id, one) for one in self._records(pointer)]
        if not records:
            _log.error("the stream holds nothing any more of what could not be handled: %s", shortened(body))
            delete(self._sqs, self._pairs[source].dead, receipt)
        self._left[receipt] = {one.record_id for one in records}
        return [ReceivedRecord(one, receipt) for one in records]

    @_answering
    def _records(self, pointer: Pointer) -> list[Mapping[str, Any]]:
        with SuppressCodes(_GONE):
            return list(self._between(pointer))
        return []

    def _between(self, pointer: Pointer) -> Sequence[Mapping[str, Any]]:
        kinesis = self._kinesis()
        iterator: str | None = kinesis.get_shard_iterator(
            StreamName=pointer.stream_arn.rpartition("/")[2],
            ShardId=pointer.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=pointer.start_sequence_number,
        )["ShardIterator"]
        first, last = int(pointer.start_sequence_number), int(pointer.end_sequence_number)
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_READS):
            if iterator is None:
                return found
            answer = kinesis.get_records(ShardIterator=iterator, Limit=1 if first == last else 1_000)
            given = answer["Records"]
            found += [one for one in given if first <= int(one["SequenceNumber"]) <= last]
            if given and int(given[-1]["SequenceNumber"]) >= last:
                return found
            if not given and not answer.get("MillisBehindLatest"):
                return found
            iterator = answer.get("NextShardIterator")
        raise Unavailable("The stream did not give out its records in time.")


class EachItsOwn:
    """Dead-letter queues of several kinds, as one; `by_source` says whose a source is."""

    def __init__(self, by_source: Mapping[str, DeadQueues]) -> None:
        self._by_source = by_source

    def receive(self) -> list[ReceivedRecord]:
        kinds = {id(one): one for one in self._by_source.values()}
        return [received for one in kinds.values() for received in one.receive()]

    def remove(self, received: ReceivedRecord) -> None:
        self._by_source[received.record.source].remove(received)

    def send_back(self, record: DeadRecord, at: str) -> None:
        self._by_source[record.source].send_back(record, at)


def _dead(source: str, shard_id: str, record: Mapping[str, Any]) -> DeadRecord:
    arrived: datetime = record["ApproximateArrivalTimestamp"]
    return DeadRecord(
        # A number is unique in its shard.
        record_id=f"{source}:{shard_id}:{record['SequenceNumber']}",
        source=source,
        group=record["PartitionKey"],
        # What is no UTF-8 is no event: it is kept for people to look at.
        body=record["Data"][:_MOST_KEPT].decode("utf-8", "replace"),
        at=iso(arrived),
    )
