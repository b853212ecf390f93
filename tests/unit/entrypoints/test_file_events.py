"""The events of the `files` function."""

from typing import TYPE_CHECKING, cast

import pytest

from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import FileEvent, FileStatus, FileStored, FileToFetch, StoredFile
from chat4all.entrypoints.queues.files import FileEvents
from chat4all.services.files.inspect_file import InspectFile
from chat4all.services.files.scanning import Clean, FinalVerdict, Malware
from tests.fakes.cloud import Counters
from tests.fakes.files import a_scanning_file
from tests.fakes.guardduty import event as guardduty_event
from tests.fakes.visibility import RecordedVisibility

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Context:
    aws_request_id = "r-1"
    function_name = "files"
    left_ms = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class RecordedInspections:
    def __init__(self) -> None:
        self.events: list[FileEvent] = []
        self.verdicts: list[tuple[str, FinalVerdict]] = []
        self.broken = False

    def __call__(self, event: FileEvent) -> StoredFile | None:
        self._break()
        self.events.append(event)
        return a_scanning_file("image/png", status=FileStatus.READY)

    def scanned(self, file_id: str, verdict: FinalVerdict) -> StoredFile | None:
        self._break()
        self.verdicts.append((file_id, verdict))
        return None

    def _break(self) -> None:
        if self.broken:
            raise Unavailable("Try again.")


@pytest.fixture
def inspections() -> RecordedInspections:
    return RecordedInspections()


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def handle(inspections: RecordedInspections, counters: Counters) -> FileEvents:
    return FileEvents(
        cast("InspectFile", inspections),
        cast("SQSClient", RecordedVisibility()),
        counters.count,
        queue_url="the queue",
        bucket="files-bucket",
    )


def records(*bodies: str) -> dict[str, object]:
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"m-{number}",
                "body": body,
                "attributes": {"MessageGroupId": f"f{number}", "ApproximateReceiveCount": "1"},
            }
            for number, body in enumerate(bodies)
        ]
    }


def test_both_kinds_of_records_are_inspected_and_counted(
    handle: FileEvents, inspections: RecordedInspections, counters: Counters
) -> None:
    answer = handle(records('{"type":"stored","file_id":"a"}', '{"type":"fetch","file_id":"b"}'), Context())

    assert answer == {"batchItemFailures": []}
    assert sorted(inspections.events, key=str) == [FileStored("a"), FileToFetch("b")]
    assert counters.counts == {"Records": 2, "HandedBack": 0, "FilesReady": 2}


def test_what_cannot_be_inspected_now_is_handed_back(
    handle: FileEvents, inspections: RecordedInspections
) -> None:
    inspections.broken = True

    answer = handle(records('{"type":"stored","file_id":"a"}'), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


def test_nothing_is_begun_that_could_not_be_ended(
    handle: FileEvents, inspections: RecordedInspections
) -> None:
    late = Context()
    late.left_ms = 30_000

    answer = handle(records('{"type":"stored","file_id":"a"}'), late)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert inspections.events == []


def test_a_result_of_guardduty_is_taken(handle: FileEvents, inspections: RecordedInspections) -> None:
    handle(guardduty_event("NO_THREATS_FOUND"), Context())
    handle(guardduty_event("THREATS_FOUND", [{"name": "Trojan"}]), Context())
    handle(guardduty_event("THREATS_FOUND", key="quarantine/f1"), Context())

    assert inspections.verdicts == [("f1", Clean()), ("f1", Malware("Trojan"))]


def test_a_result_that_cannot_be_taken_now_is_an_error_of_the_call(
    handle: FileEvents, inspections: RecordedInspections
) -> None:
    inspections.broken = True

    with pytest.raises(Unavailable):
        handle(guardduty_event("NO_THREATS_FOUND"), Context())
