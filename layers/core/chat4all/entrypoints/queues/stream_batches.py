"""A batch of Kinesis records, conversation by conversation.

::

    records by partition key ── each key in its order, the keys side by side
         │
    one of them is to wait ── its key stands still, the other keys go on; then all that wait do so together, once,
         │                    and it is tried again, as long as there is time
         │
    it can never be handled ── a pointer to it goes to the dead-letter queue, and its key goes on: it blocks nobody
         │
    what is left at the end ── the lowest of them is the answer: Lambda gives out that one again, and all after it

Kinesis hides nothing for a time, as SQS does: a wait is spent here, or blocks the lane, which is a tenth of a shard. Records
that were done and lie behind the lowest come again: whatever `handle` does, it must bear to be done twice.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar

import msgspec

from chat4all.adapters.stream_failures import Pointer
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened
from chat4all.entrypoints.queues.batches import SIDE_BY_SIDE, HandBack, Received

E = TypeVar("E")

LONGEST_PAUSE_S: Final = 4.0
"""Shorter than the time that a function leaves for one record."""
UNEXPECTED_TRIES: Final = 3
"""What fails so often in a way that nobody foresaw is at fault itself."""

_log = logging.getLogger(__name__)


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    partition_key: str
    sequence_number: str
    data: bytes


class StreamRecord(msgspec.Struct, frozen=True):
    """What is needed of a record of Lambda's Kinesis event."""

    kinesis: _Data
    event_id: str = msgspec.field(name="eventID")
    """`<shard>:<sequence number>`."""
    stream_arn: str = msgspec.field(name="eventSourceARN")

    @property
    def place(self) -> int:
        """In its shard: as text, numbers of different lengths would be in another order."""
        return int(self.kinesis.sequence_number)

    @property
    def pointer(self) -> Pointer:
        shard_id, _, number = self.event_id.partition(":")
        return Pointer(self.stream_arn, shard_id, number, number)


class _Try(msgspec.Struct, frozen=True):
    receive_count: int


class _Lane:
    """What is left of one key, in its order; `tries` of the first."""

    def __init__(self) -> None:
        self.records: deque[StreamRecord] = deque()
        self.tries = 0
        self.wait_s = 0.0

    def step(self) -> None:
        self.records.popleft()
        self.tries = 0


class StreamBatch(Generic[E]):
    """Decodes each record's data into `kind` and gives it to `handle`, which may return HandBack.

    Unavailable hands the record back too, of `failures` as well. Data that is no `kind`, or that failed in an unforeseen way again and again, is
    given to `failures`.
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
        """Lambda's answer for the batch: at most one failure, the lowest."""
        waiting = _lanes(msgspec.convert(event["Records"], list[StreamRecord]))
        while waiting := self._round(waiting, still_in_time):
            if not still_in_time():
                break
            self._sleep(min(LONGEST_PAUSE_S, max(lane.wait_s for lane in waiting)))
        lowest = min((lane.records[0] for lane in waiting), key=lambda one: one.place, default=None)
        return {"batchItemFailures": [{"itemIdentifier": lowest.kinesis.sequence_number}] if lowest else []}

    def _round(self, lanes: list[_Lane], still_in_time: Callable[[], bool]) -> list[_Lane]:
        """Take every lane as far as it goes; returns those that have something left."""
        if len(lanes) == 1:
            self._go(lanes[0], still_in_time)
        else:
            list(self._threads.map(lambda lane: self._go(lane, still_in_time), lanes))
        return [lane for lane in lanes if lane.records]

    def _go(self, lane: _Lane, still_in_time: Callable[[], bool]) -> None:
        while lane.records and still_in_time():
            lane.tries += 1
            back = self._one(lane.records[0], lane.tries)
            if back is not None:
                lane.wait_s = back.wait_s
                return
            lane.step()

    def _one(self, record: StreamRecord, tries: int) -> HandBack | None:
        try:
            return self._handle(self._decoder.decode(record.kinesis.data), _Try(tries))
        except Unavailable as error:
            _log.warning("to be tried again: %s", error.message)
        except msgspec.DecodeError as error:
            # Without the traceback, which repeats the message: msgspec quotes the record in it, however long.
            _log.error("a record that cannot be decoded: %s", shortened(str(error)))
            return self._given_up(record, tries)
        except Exception:  # noqa: BLE001 - the edge: whatever went wrong, the record is not lost
            _log.exception("a record that failed")
            if tries >= UNEXPECTED_TRIES:
                return self._given_up(record, tries)
        return _again(tries)

    def _given_up(self, record: StreamRecord, tries: int) -> HandBack | None:
        try:
            self._failures(record.pointer)
        except Unavailable as error:
            _log.warning("to be given up again: %s", error.message)
            return _again(tries)
        return None


def _lanes(records: Iterable[StreamRecord]) -> list[_Lane]:
    lanes: dict[str, _Lane] = {}
    for record in records:
        lanes.setdefault(record.kinesis.partition_key, _Lane()).records.append(record)
    return list(lanes.values())


def _again(tries: int) -> HandBack:
    return HandBack(min(2.0 ** (tries - 1), LONGEST_PAUSE_S))
