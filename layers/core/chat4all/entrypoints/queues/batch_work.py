"""Handle the records of the queue `batches`: the work on batches."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chat4all.domain.batches import BatchWork
from chat4all.domain.pacing import MOST_WAIT_S, SLICE_S
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.batches.run_batch import RunBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NEEDED_MS: Final = int(1_000 * (MOST_WAIT_S + SLICE_S)) + 4_000
"""The time that a slice of a batch needs: the wait for its slots, the slots, and 4 seconds."""
_LEAST_WAIT_S: Final = 1.0
"""SQS waits for whole seconds."""


class BatchRecords:
    """The handler of the function's records, each with the work of one batch."""

    def __init__(self, run: RunBatch, sqs: "SQSClient", queue_url: str) -> None:
        self._run = run
        self._still_in_time: Callable[[], bool] = lambda: True
        self._batch = Batch(BatchWork, self._handle, sqs, queue_url)

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._still_in_time = still_in_time
        return self._batch(event, still_in_time)

    def _handle(self, work: BatchWork, record: Record) -> HandBack | None:
        wait_s = self._run(work, record.receive_count, self._still_in_time)
        return HandBack(max(_LEAST_WAIT_S, wait_s)) if wait_s else None
