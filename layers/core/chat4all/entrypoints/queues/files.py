"""Handle the events of the `files` function: records of its queue, and results of GuardDuty."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from chat4all.adapters.media.guardduty import DETAIL_TYPE, scan_result
from chat4all.domain.files.file import FileEvent, StoredFile
from chat4all.entrypoints.invocation import Count, LambdaContext, WrongEvent, fields_of
from chat4all.entrypoints.queues.batches import Batch, HandBack, Received
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.services.files.inspect_file import InspectFile

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

TAKES: Final = "records of its queue or results of GuardDuty"
NEEDED_MS: Final = 60_000
"""The time that a file needs: 2 GiB are read and scanned in less.

clamd is slower; a try that the timeout ends is repeated.
"""


class FileEvents:
    """The handler of the `files` function.

    A GuardDuty result that cannot be taken yet makes the call fail, and Lambda repeats the call.
    """

    def __init__(
        self, inspect: InspectFile, sqs: "SQSClient", count: Count, *, queue_url: str, bucket: str
    ) -> None:
        self._inspect = inspect
        self._bucket = bucket
        self._count = count
        batch = Batch(FileEvent, self._handle, sqs, queue_url)
        self._consume = consuming(count, batch, NEEDED_MS)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | None:
        """Raise WrongEvent for any other event."""
        fields = fields_of(event)
        if "Records" in fields:
            answer: dict[str, Any] = self._consume(event, context)
            return answer
        if fields.get("detail-type") != DETAIL_TYPE:
            raise WrongEvent(TAKES, event)
        self._take_scan_result(event)
        return None

    def _handle(self, event: FileEvent, _record: Received) -> HandBack | None:
        self._count_status(self._inspect(event))
        return None

    def _take_scan_result(self, event: dict[str, Any]) -> None:
        try:
            result = scan_result(event, self._bucket)
        except msgspec.ValidationError as error:
            raise WrongEvent(TAKES, event, str(error)) from error
        self._count("ScanResults")
        if result is not None:
            self._count_status(self._inspect.scanned(result.file_id, result.verdict))

    def _count_status(self, file: StoredFile | None) -> None:
        if file is not None:
            self._count(f"Files{file.status.capitalize()}")
