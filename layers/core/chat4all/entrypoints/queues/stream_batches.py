"""Handle a batch of Kinesis records, partition key by partition key.

::

    records by partition key ── each key in its order, the keys in parallel
         │
    a record must wait ── its key stops, the other keys go on; then all stopped keys wait together, once, and
         │                their records are tried again, as long as there is time
         │
    a record can never be handled ── a pointer to it goes to the dead-letter queue, and its key goes on: it
         │                           blocks no other record
         │
    records are left at the end ── the answer names the lowest of them: Lambda gives out this record again,
                                   and all records after it

Kinesis cannot hide a record for a time, as SQS does. So a wait is spent here, or it blocks the lane, which is
a tenth of a shard. Records that were handled and lie behind the lowest are given out again: `handle` must
tolerate a record that it has handled before.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

import msgspec

from chat4all.adapters.queues.stream_failures import Pointer
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened
from chat4all.entrypoints.queues.batches import SIDE_BY_SIDE, Event, HandBack, Ids, Received

E = TypeVar("E", bound=Event)

LONGEST_PAUSE_S: Final = 4.0
"""The longest pause is shorter than the time that a function keeps for one record."""
UNEXPECTED_TRIES: Final = 3
"""A record that fails so often with an unexpected error is itself at fault."""

_log = logging.getLogger(__name__)


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    partition_key: str
    sequence_number: str
    data: bytes


class StreamRecord(msgspec.Struct, frozen=True):
    """The used fields of a record of Lambda's Kinesis event."""

    kinesis: _Data
    event_id: str = msgspec.field(name="eventID")
    """`<shard>:<sequence number>`."""
    stream_arn: str = msgspec.field(name="eventSourceARN")

    @property
    def place(self) -> int:
        """Return the place of the record in its shard, as a number: texts would sort by the first digits."""
        return int(self.kinesis.sequence_number)

    @property
    def pointer(self) -> Pointer:
        shard_id, _, number = self.event_id.partition(":")
        return Pointer(self.stream_arn, shard_id, number, number)

    @property
    def ids(self) -> Ids:
        return {"record_id": self.event_id, "group": self.kinesis.partition_key}


class _Try(msgspec.Struct, frozen=True):
    receive_count: int


class _Lane:
    """The remaining records of a partition key, in order, and the `tries` of the first."""

    def __init__(self) -> None:
        self.records: deque[StreamRecord] = deque()
        self.tries = 0
        self.wait_s = 0.0

    def step(self) -> None:
        self.records.popleft()
        self.tries = 0


class StreamBatch(Generic[E]):
    """A handler of batches. It decodes each record into `kind` and calls `handle`, which may return HandBack.

    Unavailable, raised by `handle` or by `failures`, hands the record back too. Data that cannot be decoded
    into `kind`, and a record that fails repeatedly with an unexpected error, are passed to `failures`.
    """

    def __init__(
        self,
        kind: type[E],
        handle: Callable[[E, Received], HandBack | None],
        failures: Callable[[Pointer], None],
        *,
        threads: Executor | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._handle = handle
        self._failures = failures
        self._threads = threads or ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="key")
        self._sleep = sleep

    def __call__(self, event: Mapping[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        """Return Lambda's answer for the batch: at most one failure, the lowest."""
        waiting = _lanes(msgspec.convert(event["Records"], list[StreamRecord]))
        while waiting := self._advance_all(waiting, still_in_time):
            if not still_in_time():
                break
            self._sleep(min(LONGEST_PAUSE_S, max(lane.wait_s for lane in waiting)))
        lowest = min((lane.records[0] for lane in waiting), key=lambda record: record.place, default=None)
        return {"batchItemFailures": [{"itemIdentifier": lowest.kinesis.sequence_number}] if lowest else []}

    def _advance_all(self, lanes: list[_Lane], still_in_time: Callable[[], bool]) -> list[_Lane]:
        """Advance every lane as far as possible; return the lanes that have records left."""
        if len(lanes) == 1:
            self._advance(lanes[0], still_in_time)
        else:
            list(self._threads.map(lambda lane: self._advance(lane, still_in_time), lanes))
        return [lane for lane in lanes if lane.records]

    def _advance(self, lane: _Lane, still_in_time: Callable[[], bool]) -> None:
        while lane.records and still_in_time():
            lane.tries += 1
            back = self._handle_record(lane.records[0], lane.tries)
            if back is not None:
                lane.wait_s = back.wait_s
                return
            lane.step()

    def _handle_record(self, record: StreamRecord, tries: int) -> HandBack | None:
        ids = record.ids
        try:
            event = self._decoder.decode(record.kinesis.data)
            ids |= event.ids
            return self._handle(event, _Try(tries))
        except Unavailable as error:
            _log.warning("a record is tried again: %s", error.message, extra=ids)
        except msgspec.DecodeError as error:
            # Logged without the traceback, which repeats the error: msgspec quotes the whole record in it.
            _log.error("a record cannot be decoded: %s", shortened(str(error)), extra=ids)
            return self._give_up(record, tries)
        except Exception:  # noqa: BLE001 - the outermost edge: no error loses the record
            _log.exception("a record failed", extra=ids)
            if tries >= UNEXPECTED_TRIES:
                return self._give_up(record, tries)
        return _again(tries)

    def _give_up(self, record: StreamRecord, tries: int) -> HandBack | None:
        """Pass a pointer to the record to `failures`; hand the record back if `failures` is unavailable."""
        try:
            self._failures(record.pointer)
        except Unavailable as error:
            _log.warning("a record could not be given up yet: %s", error.message, extra=record.ids)
            return _again(tries)
        return None


def _lanes(records: Iterable[StreamRecord]) -> list[_Lane]:
    lanes: dict[str, _Lane] = {}
    for record in records:
        lanes.setdefault(record.kinesis.partition_key, _Lane()).records.append(record)
    return list(lanes.values())


def _again(tries: int) -> HandBack:
    return HandBack(min(2.0 ** (tries - 1), LONGEST_PAUSE_S))
