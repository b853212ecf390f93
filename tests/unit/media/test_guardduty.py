"""The events of GuardDuty, in the shape that its documentation shows."""

from typing import Any

import msgspec
import pytest

from chat4all.adapters.media.guardduty import ScanResult, guardduty, scan_result
from chat4all.domain.files.inspection import RejectCode
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.services.files.scanning import Awaited, CannotScan, Clean, Malware
from tests.fakes.guardduty import event


@pytest.mark.parametrize(
    ("status", "threats", "verdict"),
    [
        ("NO_THREATS_FOUND", None, Clean()),
        (
            "THREATS_FOUND",
            [{"name": "EICAR-Test-File (not a virus)"}],
            Malware("EICAR-Test-File (not a virus)"),
        ),
        ("THREATS_FOUND", None, Malware("a threat")),
    ],
)
def test_what_it_found(status: str, threats: list[dict[str, str]] | None, verdict: Clean | Malware) -> None:
    assert scan_result(event(status, threats), "files-bucket") == ScanResult("f1", verdict)


@pytest.mark.parametrize("status", ["UNSUPPORTED", "ACCESS_DENIED", "FAILED", "SOMETHING_NEW"])
def test_what_it_did_not_scan_is_never_clean(status: str) -> None:
    result = scan_result(event(status), "files-bucket")

    assert result is not None
    assert isinstance(result.verdict, CannotScan)
    assert result.verdict.refusal.code == RejectCode.CANNOT_BE_SCANNED


@pytest.mark.parametrize(
    ("about", "bucket"),
    [
        (event("NO_THREATS_FOUND"), "another-bucket"),
        (event("NO_THREATS_FOUND", key="thumbnails/f1/200.jpg"), "files-bucket"),
        (event("NO_THREATS_FOUND", key="quarantine/f1"), "files-bucket"),
        (
            event("NO_THREATS_FOUND") | {"detail-type": "GuardDuty Malware Protection Resource Status"},
            "files-bucket",
        ),
        ({"Records": []}, "files-bucket"),
    ],
)
def test_what_is_about_no_file_is_nothing(about: dict[str, Any], bucket: str) -> None:
    assert scan_result(about, bucket) is None


def test_an_event_of_another_shape_is_an_error() -> None:
    broken = event("NO_THREATS_FOUND")
    del broken["detail"]["scanResultDetails"]

    with pytest.raises(msgspec.ValidationError, match="scanResultDetails"):
        scan_result(broken, "files-bucket")


def test_while_a_file_is_read_it_has_no_verdict() -> None:
    with guardduty().begin() as scan:
        scan.feed(b"anything")

        assert scan.verdict() == Awaited()


def test_of_an_endless_status_only_the_beginning_is_repeated() -> None:
    result = scan_result(event("X" * 100_000), "files-bucket")

    assert result is not None
    assert isinstance(result.verdict, CannotScan)
    assert len(result.verdict.refusal.reason) <= LONGEST_QUOTE + 50
