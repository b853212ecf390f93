"""A Kinesis stream in memory, read as Lambda does, over a fake clock.

Its rules: records are not deduplicated. A lane (Lambda's ParallelizationFactor) holds whole partition keys
and has one batch in flight. After a failure, Lambda reads again from the lowest failed record that the answer
names.
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

import base64
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.clock import FakeClock

LANES: Final = 2
RETRY_S: Final = 1.0
MOST: Final = 10
ARN: Final = "arn:aws:kinesis:us-east-1:123456789012:stream/chat-events"


@dataclass
class Put:
    number: int
    key: str
    data: bytes

    @property
    def record_id(self) -> str:
        return str(self.number)

    def as_lambda_record(self) -> dict[str, object]:
        """Return the record as Lambda passes it to a function."""
        return lambda_record(str(self.number), self.key, self.data)


def lambda_record(number: str, key: str, data: bytes) -> dict[str, object]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": number,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1_770_000_000.0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/router",
        "awsRegion": "us-east-1",
        "eventSourceARN": ARN,
    }


@dataclass
class _Lane:
    records: list[Put] = field(default_factory=list)
    free_at: float = 0.0


class Stream:
    """A stream with the methods of `FifoQueue`. Its groups are the lanes."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._lanes = [_Lane() for _ in range(LANES)]
        self._numbers = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return sum(len(lane.records) for lane in self._lanes)

    def send(self, group: str, deduplication: str, body: str) -> str:
        """Put a record, and return its number. Kinesis ignores the deduplication id."""
        with self._lock:
            self._numbers += 1
            lane = self._lanes[sum(group.encode()) % LANES]
            lane.records.append(Put(self._numbers, group, body.encode()))
            return str(self._numbers)

    def groups(self) -> list[str]:
        now = self._clock.monotonic()
        return [str(n) for n, lane in enumerate(self._lanes) if lane.records and lane.free_at <= now]

    def receive(self, group: str) -> list[Put]:
        """Read the next batch of a lane. The lane then pauses for RETRY_S, or until the batch is done."""
        lane = self._lanes[int(group)]
        lane.free_at = self._clock.monotonic() + RETRY_S
        return lane.records[:MOST]

    def done(self, given: list[Put], failed: set[str]) -> list[Put]:
        """Return the records that Lambda treats as handled: those before the lowest failure."""
        lowest = min((int(record_id) for record_id in failed), default=None)
        return [record for record in given if lowest is None or record.number < lowest]

    def delete(self, record: Put) -> None:
        for lane in self._lanes:
            if record in lane.records:
                lane.records.remove(record)
                lane.free_at = 0.0

    def next_visible(self) -> float | None:
        now = self._clock.monotonic()
        return min(
            (lane.free_at for lane in self._lanes if lane.records and lane.free_at > now), default=None
        )


class InTurn(Executor):
    """An executor that runs each call at once, so that random tests run the same way every time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401 - as its base
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - a death is the caller's
            future.set_exception(error)
        return future
