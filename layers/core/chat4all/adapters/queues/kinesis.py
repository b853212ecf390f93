"""The two event streams on Kinesis; all other events stay on SQS.

Kinesis does not deduplicate: an event that is published twice arrives twice, so that each consumer is
idempotent.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import FAILURES, answering
from chat4all.adapters.queues.sqs import Queues, SqsEvents, about
from chat4all.domain.events import MessageAccepted, StatusUpdate

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordInputTypeDef, PutRecordsRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient

_log = logging.getLogger(__name__)

MOST_RECORDS: Final = 500
MOST_BYTES: Final = 4_500_000
"""The most bytes of a PutRecords, including the keys; Kinesis allows 5 MiB:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
REMEMBERED: Final = 10_000


class Streams(msgspec.Struct, frozen=True):
    """The names of the streams; a function has the names of those that it may write to."""

    chat_events: str = ""
    status_updates: str = ""


class _Record(msgspec.Struct, frozen=True):
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """Return the bytes that the record adds to a PutRecords."""
        return len(self.key.encode()) + len(self.data)


class KinesisEvents(SqsEvents):
    def __init__(self, kinesis: "KinesisClient", streams: Streams, sqs: "SQSClient", queues: Queues) -> None:
        super().__init__(sqs, queues)
        self._kinesis = kinesis
        self._streams = streams
        self._latest = _Latest()

    def probe(self) -> None:
        self._kinesis.describe_stream_summary(StreamName=self._streams.chat_events)

    @answering("The message is stored, but not yet published; try again.", retry_after=1)
    def message_accepted(self, event: MessageAccepted) -> None:
        """Put one event at a time: PutRecords may accept the second of two events and not the first."""
        key = event.conversation_id
        request: PutRecordInputTypeDef = {
            "StreamName": self._streams.chat_events,
            "PartitionKey": key,
            "Data": msgspec.json.encode(event),
        }
        latest = self._latest.get(key)
        if latest is not None:
            # Kinesis orders records roughly by arrival. With this number the record follows the former record
            # of this process.
            request["SequenceNumberForOrdering"] = latest
        try:
            answer = self._kinesis.put_record(**request)
        except FAILURES:
            self._latest.forget(key)
            raise
        self._latest.keep(key, answer["SequenceNumber"])

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        """Put the updates; return the updates that Kinesis did not accept.

        The order does not matter, because every write of a status is conditional.
        """
        records = [_Record(about(update), msgspec.json.encode(update)) for update in updates]
        refused: list[StatusUpdate] = []
        start = 0
        while start < len(records):
            end = _end_of_batch(records, start)
            refused += [updates[start + place] for place in self._put(records[start:end])]
            start = end
        return refused

    def _put(self, records: list[_Record]) -> list[int]:
        """Put a batch; return the positions of the records that Kinesis did not accept."""
        entries: list[PutRecordsRequestEntryTypeDef] = [
            {"PartitionKey": record.key, "Data": record.data} for record in records
        ]
        try:
            answer = self._kinesis.put_records(StreamName=self._streams.status_updates, Records=entries)
        except FAILURES:
            _log.warning("%s did not accept a batch", self._streams.status_updates, exc_info=True)
            return list(range(len(records)))
        return [place for place, record in enumerate(answer["Records"]) if record.get("ErrorCode")]


class _Latest:
    """The sequence number of the latest record of each conversation that this process put."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            return self._numbers.get(key)

    def keep(self, key: str, number: str) -> None:
        with self._lock:
            self._numbers[key] = number
            self._numbers.move_to_end(key)
            if len(self._numbers) > REMEMBERED:
                self._numbers.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forget the number, so that the next put does not repeat it, in case the number was the fault."""
        with self._lock:
            self._numbers.pop(key, None)


def _end_of_batch(records: Sequence[_Record], start: int) -> int:
    size, end = 0, start
    while end < len(records) and end - start < MOST_RECORDS:
        size += records[end].size
        if size > MOST_BYTES and end > start:
            break
        end += 1
    return end
