"""An SQS FIFO queue in memory, over a fake clock.

Its rules: a deduplication id is remembered for five minutes within its group. A group with a record in
flight delivers no further record. A group's records come in the order in which they were sent.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import threading
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.clock import FakeClock

DEDUPLICATION_S: Final = 300.0
VISIBILITY_S: Final = 60.0
MOST: Final = 10


@dataclass
class Queued:
    record_id: str
    group: str
    body: str
    visible_at: float
    number: str
    receives: int = 0
    receipt: str = ""

    def as_lambda_record(self) -> dict[str, object]:
        """Return the record as Lambda passes it to a function."""
        return {
            "messageId": self.record_id,
            "receiptHandle": self.receipt,
            "body": self.body,
            "attributes": {
                "MessageGroupId": self.group,
                "ApproximateReceiveCount": str(self.receives),
                "SequenceNumber": self.number,
            },
            "eventSource": "aws:sqs",
        }


class FifoQueue:
    """A queue that is also its own SQS client, with which consumers change the visibility of records."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._records: list[Queued] = []
        self._known: dict[tuple[str, str], tuple[float, str]] = {}
        self._numbers = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._records)

    def send(self, group: str, deduplication: str, body: str) -> str:
        """The record's number; a duplicate has the number of the first record."""
        assert 0 < len(group) <= 128, group
        assert 0 < len(deduplication) <= 128, deduplication
        with self._lock:
            now = self._clock.monotonic()
            known = self._known.get((group, deduplication))
            if known is not None and now - known[0] < DEDUPLICATION_S:
                return known[1]
            self._numbers += 1
            number = f"{self._numbers:020d}"
            self._known[group, deduplication] = now, number
            self._records.append(Queued(f"record-{self._numbers}", group, body, now, number))
            return number

    def groups(self) -> list[str]:
        """Return the groups from which a record can be received now."""
        now = self._clock.monotonic()
        return [
            group
            for group in dict.fromkeys(record.group for record in self._records)
            if self._free(group, now)
        ]

    def bodies(self, group: str) -> list[str]:
        """Return the bodies of the group's records, in their order."""
        return [record.body for record in self._records if record.group == group]

    def receive(self, group: str) -> list[Queued]:
        """Receive up to ten records of a group, which are in flight from now on."""
        with self._lock:
            now = self._clock.monotonic()
            if not self._free(group, now):
                return []
            given = [record for record in self._records if record.group == group][:MOST]
            for record in given:
                record.receives += 1
                record.visible_at = now + VISIBILITY_S
                record.receipt = f"{record.record_id}-{record.receives}"
            return given

    def done(self, given: list[Queued], failed: set[str]) -> list[Queued]:
        """Return the records that Lambda treats as handled."""
        return [record for record in given if record.record_id not in failed]

    def delete(self, record: Queued) -> None:
        with self._lock:
            self._records.remove(record)

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto's names
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        with self._lock:
            by_receipt = {record.receipt: record for record in self._records}
            for entry in Entries:
                hidden_until = self._clock.monotonic() + entry["VisibilityTimeout"]
                by_receipt[entry["ReceiptHandle"]].visible_at = hidden_until
        return {}

    def next_visible(self) -> float | None:
        """Return the time at which the next invisible record becomes visible; None if there is none."""
        now = self._clock.monotonic()
        return min((record.visible_at for record in self._records if record.visible_at > now), default=None)

    def _free(self, group: str, now: float) -> bool:
        mine = [record for record in self._records if record.group == group]
        return bool(mine) and all(record.visible_at <= now for record in mine)
