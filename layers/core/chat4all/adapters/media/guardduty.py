"""GuardDuty Malware Protection for S3, which scans each new object of a bucket and reports by EventBridge.

https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.domain.files.inspection import Refusal, RejectCode
from chat4all.domain.text import shortened
from chat4all.services.files.scanning import Awaited, CannotScan, Clean, FinalVerdict, KnownVerdict, Malware

DETAIL_TYPE: Final = "GuardDuty Malware Protection Object Scan Result"
_FILES: Final = "files/"

_CANNOT: Final = {
    "UNSUPPORTED": "The malware scanner does not accept this file: it may be too large, or have a password.",
    "ACCESS_DENIED": "The malware scanner was not allowed to read the file.",
    "FAILED": "The malware scanner failed; the file may be uploaded again.",
}


class ScanResult(msgspec.Struct, frozen=True):
    file_id: str
    verdict: FinalVerdict


class _Threat(msgspec.Struct, frozen=True):
    name: str


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    bucket_name: str
    object_key: str


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    scan_result_status: str
    threats: list[_Threat] | None = None


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    s3_object_details: _Object = msgspec.field(name="s3ObjectDetails")
    scan_result_details: _Details


class _Event(msgspec.Struct, frozen=True):
    detail_type: str = msgspec.field(name="detail-type")
    detail: _Detail


def guardduty() -> KnownVerdict:
    """Return the scanner, whose verdict arrives later and not while a file is read."""
    return KnownVerdict(Awaited())


def scan_result(event: Mapping[str, object], bucket: str) -> ScanResult | None:
    """Return the verdict on a file; None if the event is not about a file.

    Raise msgspec.ValidationError if the event has another form.
    """
    if event.get("detail-type") != DETAIL_TYPE:
        return None
    detail = msgspec.convert(event, _Event).detail
    scanned = detail.s3_object_details
    if scanned.bucket_name != bucket or not scanned.object_key.startswith(_FILES):
        return None
    return ScanResult(scanned.object_key.removeprefix(_FILES), _verdict(detail.scan_result_details))


def _verdict(details: _Details) -> FinalVerdict:
    """Return the verdict; a file is accepted only if GuardDuty reports it as clean."""
    match details.scan_result_status:
        case "NO_THREATS_FOUND":
            return Clean()
        case "THREATS_FOUND":
            return Malware(", ".join(threat.name for threat in details.threats or ()) or "a threat")
        case status:
            reason = _CANNOT.get(status, f"The malware scanner answered {shortened(status)}.")
            return CannotScan(Refusal(RejectCode.CANNOT_BE_SCANNED, reason))
