"""Handle the records of the queue `privacy`: work on all that is stored of a person."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from chat4all.domain.privacy_work import PrivacyWork
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NEEDED_MS: Final = 120_000
"""The time that a step may take. A slice of work that has less than that left ends and is handed back."""

Job = Callable[[Any, Callable[[], bool]], bool]
"""A job takes its work, and a function that returns whether there is time left for another step.

It returns whether the work is done. If not, the same record comes again, and the job goes on at the place
that it stored.
"""


class PrivacyRecords:
    """The handler of the function's records. `jobs` has the job of each kind of work."""

    def __init__(self, jobs: Mapping[type[PrivacyWork], Job], sqs: "SQSClient", queue_url: str) -> None:
        self._jobs = jobs
        self._still_in_time: Callable[[], bool] = lambda: True
        self._batch = Batch(PrivacyWork, self._handle, sqs, queue_url)

    def __call__(self, event: dict[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        self._still_in_time = still_in_time
        return self._batch(event, still_in_time)

    def _handle(self, work: PrivacyWork, _: Record) -> HandBack | None:
        is_done = self._jobs[type(work)](work, self._still_in_time)
        return None if is_done else HandBack(0)
