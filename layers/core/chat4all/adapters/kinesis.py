"""The two streams on Kinesis; everything else stays on SQS.

Kinesis knows no deduplication: what is published twice is there twice, and each consumer has to be idempotent.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, Final, Protocol

import msgspec

from chat4all.adapters.aws import FAILURES, answering
from chat4all.adapters.sqs import Queues, SqsClient, SqsEvents, about
from chat4all.domain.events import MessageAccepted, StatusUpdate

_log = logging.getLogger(__name__)

MOST_RECORDS: Final = 500
MOST_BYTES: Final = 4_500_000
"""Of one PutRecords, keys included; Kinesis allows 5 MiB:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
REMEMBERED: Final = 10_000


class KinesisClient(Protocol):
    """The calls of boto3's client that are used here."""

    def put_record(self, **request: str | bytes) -> dict[str, str]:
        """Of StreamName, Data, PartitionKey, and SequenceNumberForOrdering where there is one."""
        ...

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]: ...


class Streams(msgspec.Struct, frozen=True):
    """Names; a function has those that it may put to."""

    chat_events: str = ""
    status_updates: str = ""


class KinesisEvents(SqsEvents):
    def __init__(self, kinesis: KinesisClient, streams: Streams, sqs: SqsClient, queues: Queues) -> None:
        super().__init__(sqs, queues)
        self._kinesis = kinesis
        self._streams = streams
        self._latest = _Latest()

    @answering("The message is stored, but not yet published; try again.", retry_after=1)
    def message_accepted(self, event: MessageAccepted) -> None:
        """One at a time: PutRecords may take the second of two and not the first."""
        key = event.conversation_id
        request: dict[str, str | bytes] = {
            "StreamName": self._streams.chat_events,
            "PartitionKey": key,
            "Data": msgspec.json.encode(event),
        }
        latest = self._latest.get(key)
        if latest is not None:
            # Kinesis orders by the time of arrival, roughly; with this, strictly after what this process put before.
            request["SequenceNumberForOrdering"] = latest
        try:
            answer = self._kinesis.put_record(**request)
        except FAILURES:
            self._latest.forget(key)
            raise
        self._latest.keep(key, answer["SequenceNumber"])

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        """In any order: every write that a status leads to is conditional."""
        records = [{"Data": msgspec.json.encode(one), "PartitionKey": about(one)} for one in updates]
        refused: list[StatusUpdate] = []
        start = 0
        while start < len(records):
            end = _end_of_batch(records, start)
            refused += [updates[start + place] for place in self._put(records[start:end])]
            start = end
        return refused

    def _put(self, records: list[dict[str, Any]]) -> list[int]:
        """Returns the places of those that Kinesis did not take."""
        try:
            answer = self._kinesis.put_records(StreamName=self._streams.status_updates, Records=records)
        except FAILURES:
            _log.warning("a batch was not taken by %s", self._streams.status_updates, exc_info=True)
            return list(range(len(records)))
        return [place for place, one in enumerate(answer["Records"]) if one.get("ErrorCode")]


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
        """Whatever was wrong, it shall not be this number again."""
        with self._lock:
            self._numbers.pop(key, None)


def _end_of_batch(records: Sequence[dict[str, Any]], start: int) -> int:
    size, end = 0, start
    while end < len(records) and end - start < MOST_RECORDS:
        size += len(records[end]["Data"]) + len(records[end]["PartitionKey"].encode())
        if size > MOST_BYTES and end > start:
            break
        end += 1
    return end
