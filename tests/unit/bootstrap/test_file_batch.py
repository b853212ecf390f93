"""What the `files` function is called with."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics

from chat4all.adapters.media.clamd import ClamdScanner
from chat4all.adapters.media.yara import YaraScanner
from chat4all.bootstrap.file_batch import FileBatch
from chat4all.bootstrap.scanners import scanner
from chat4all.bootstrap.settings import FilesSettings
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.domain.errors import Unavailable
from chat4all.domain.files import FileEvent, FileStatus, FileStored, FileToFetch, StoredFile
from chat4all.services.files.inspect_file import InspectFile
from chat4all.services.files.scanning import Awaited, Clean, FinalVerdict, Malware
from tests.fakes.files import a_scanning_file
from tests.fakes.guardduty import event as guardduty_event
from tests.fakes.samples import EICAR

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SETTINGS = FilesSettings(
    files_table="files", files_bucket="files-bucket", files_queue="the queue", audit_table="audit"
)


class Context:
    aws_request_id = "r-1"
    function_name = "files"
    left_ms = 900_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


class Visibility:
    def __init__(self) -> None:
        self.waits: dict[str, int] = {}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803 - boto's names
        assert QueueUrl == "the queue"
        self.waits[ReceiptHandle] = VisibilityTimeout


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
def batch(inspections: RecordedInspections, monkeypatch: pytest.MonkeyPatch) -> FileBatch:
    monkeypatch.setattr("chat4all.bootstrap.telemetry.Metrics", EphemeralMetrics)
    return FileBatch(
        cast("InspectFile", inspections), cast("SQSClient", Visibility()), SETTINGS, Telemetry("files")
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


def test_both_kinds_of_records_are_inspected(batch: FileBatch, inspections: RecordedInspections) -> None:
    answer = batch(records('{"type":"stored","file_id":"a"}', '{"type":"fetch","file_id":"b"}'), Context())

    assert answer == {"batchItemFailures": []}
    assert sorted(inspections.events, key=str) == [FileStored("a"), FileToFetch("b")]


def test_what_cannot_be_inspected_now_is_handed_back(
    batch: FileBatch, inspections: RecordedInspections
) -> None:
    inspections.broken = True

    answer = batch(records('{"type":"stored","file_id":"a"}'), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


def test_nothing_is_begun_that_could_not_be_ended(batch: FileBatch, inspections: RecordedInspections) -> None:
    late = Context()
    late.left_ms = 30_000

    answer = batch(records('{"type":"stored","file_id":"a"}'), late)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert inspections.events == []


def test_a_result_of_guardduty_is_taken(batch: FileBatch, inspections: RecordedInspections) -> None:
    batch(guardduty_event("NO_THREATS_FOUND"), Context())
    batch(guardduty_event("THREATS_FOUND", [{"name": "Trojan"}]), Context())
    batch(guardduty_event("THREATS_FOUND", key="quarantine/f1"), Context())

    assert inspections.verdicts == [("f1", Clean()), ("f1", Malware("Trojan"))]


def test_a_result_that_cannot_be_taken_now_is_an_error_of_the_call(
    batch: FileBatch, inspections: RecordedInspections
) -> None:
    inspections.broken = True

    with pytest.raises(Unavailable):
        batch(guardduty_event("NO_THREATS_FOUND"), Context())


def test_the_scanner_is_the_one_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ours.yar").write_text('rule Ours { strings: $a = "pigeon" condition: $a }')
    yara = scanner(FilesSettings("files", "bucket", "queue", "audit", rules_folder=str(tmp_path)))
    clamd = scanner(
        FilesSettings("files", "bucket", "queue", "audit", scanner="clamd", clamd_address="clamd:3310")
    )
    guardduty = scanner(FilesSettings("files", "bucket", "queue", "audit", scanner="guardduty"))

    assert isinstance(yara, YaraScanner)
    for content, verdict in ((b"pigeon", Malware("Ours")), (EICAR, Malware("EICAR_Test_File"))):
        with yara.begin() as scan:
            scan.feed(content)
            assert scan.verdict() == verdict
    assert isinstance(clamd, ClamdScanner)
    with guardduty.begin() as scan:
        assert scan.verdict() == Awaited()
