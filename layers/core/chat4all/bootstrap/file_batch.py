"""Handle the events of the `files` function: records of its queue, and results of GuardDuty."""

from typing import TYPE_CHECKING, Any

from chat4all.adapters.media.guardduty import scan_result
from chat4all.bootstrap.settings import FilesSettings
from chat4all.bootstrap.telemetry import LambdaContext, Telemetry, consuming
from chat4all.domain.files import FileEvent, StoredFile
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.files.inspect_file import InspectFile

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NEEDED_MS = 60_000
"""The time that a file needs: 2 GiB are read and scanned in less.

clamd is slower; a try that the timeout ends is repeated.
"""


class FileBatch:
    """The handler of the `files` function.

    A GuardDuty result that cannot be taken yet makes the call fail, and Lambda repeats the call.
    """

    def __init__(
        self, inspect: InspectFile, sqs: "SQSClient", settings: FilesSettings, telemetry: Telemetry
    ) -> None:
        self._inspect = inspect
        self._bucket = settings.files_bucket
        self._telemetry = telemetry
        batch = Batch(FileEvent, self._handle, sqs, settings.files_queue)
        self._consume = consuming(telemetry, batch, NEEDED_MS)
        self._take = telemetry.observing(self._scanned)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        return self._consume(event, context) if "Records" in event else self._take(event, context)

    def _handle(self, event: FileEvent, record: Record) -> HandBack | None:
        self._count(self._inspect(event))
        return None

    def _scanned(self, event: dict[str, Any], context: LambdaContext) -> None:
        self._telemetry.count("ScanResults")
        result = scan_result(event, self._bucket)
        if result is not None:
            self._count(self._inspect.scanned(result.file_id, result.verdict))

    def _count(self, file: StoredFile | None) -> None:
        if file is not None:
            self._telemetry.count(f"Files{file.status.capitalize()}")
