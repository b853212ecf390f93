"""/v1/audit: the listed entries, the required scope, and the refused queries."""

import random
import uuid

import pytest

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.audit import AuditAction, AuditEntry, audit_entry
from tests.integration.http.conftest import a_key
from tests.integration.http.gateway import Gateway

INFECTED, REJECTED = AuditAction.FILE_INFECTED, AuditAction.FILE_REJECTED


@pytest.fixture
def year() -> int:
    """Choose a year that no other test uses."""
    return random.Random().randrange(3000, 9000)  # noqa: S311 - no secret


@pytest.fixture
def recorded(api_settings: ApiSettings, year: int) -> list[AuditEntry]:
    """Record entries and return them newest first; the last entry is a rejection."""
    audit = DynamoAudit(api_settings.audit_table)
    entries = [
        audit_entry(
            action,
            f"file:{uuid.uuid4()}",
            actor="files",
            at=f"{year}-01-31T12:00:0{second}.000Z",
            details={"filename": "evil.txt", "owner": "key-1"},
        )
        for second, action in ((3, INFECTED), (2, INFECTED), (1, REJECTED))
    ]
    for entry in entries:
        audit.record(entry)
    return entries


def test_entries_are_listed_newest_first_page_by_page(
    api: Gateway, recorded: list[AuditEntry], year: int
) -> None:
    time = {"from": f"{year}-01-01T00:00:00Z", "to": f"{year}-12-31T23:59:59+01:00"}

    first = api.get("/v1/audit", **time, limit=2).json
    second = api.get("/v1/audit", **time, limit=2, cursor=first["next_cursor"]).json

    newest = recorded[0]
    assert first["entries"][0] == {
        "entry_id": newest.entry_id,
        "at": newest.at,
        "action": "file.infected",
        "subject": newest.subject,
        "actor": "files",
        "details": {"filename": "evil.txt", "owner": "key-1"},
    }
    shown = [*first["entries"], *second["entries"]]
    assert [entry["entry_id"] for entry in shown] == [entry.entry_id for entry in recorded]
    assert second["next_cursor"] is None


def test_those_of_one_action_are_listed(api: Gateway, recorded: list[AuditEntry], year: int) -> None:
    found = api.get("/v1/audit", action="file.rejected", **{"from": f"{year}-01-01T00:00:00Z"}).json

    assert recorded[2].entry_id in [entry["entry_id"] for entry in found["entries"]]
    assert {entry["action"] for entry in found["entries"]} == {"file.rejected"}


def test_a_time_that_ends_before_it_begins_has_nothing(api: Gateway, recorded: list[AuditEntry]) -> None:
    answer = api.get("/v1/audit", **{"from": recorded[0].at, "to": recorded[2].at})

    assert (answer.status, answer.json) == (200, {"entries": [], "next_cursor": None})


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("action", "file.eaten"),
        ("action", ""),
        ("from", "yesterday"),
        ("from", "2026-01-31"),
        ("from", "2026-01-31T12:00:00"),
        ("from", "0001-01-01T00:00:00+14:00"),
        ("to", "9999-12-31T23:59:59-12:00"),
        ("cursor", "x"),
        ("cursor", ""),
        ("limit", "0"),
        ("limit", "101"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(api: Gateway, field: str, text: str) -> None:
    assert api.get("/v1/audit", **{field: text}).refused(400, "VALIDATION_ERROR") == [field]


def test_it_needs_a_scope_of_its_own(api: Gateway, api_settings: ApiSettings) -> None:
    reader = api.with_key(a_key(api_settings, "audit:read"))
    other = api.with_key(a_key(api_settings, "files:read", "files:write"))

    assert reader.get("/v1/audit").status == 200
    assert other.get("/v1/audit").refused(403, "MISSING_SCOPE") == []
    api.with_key(None).get("/v1/audit").refused(401, "UNAUTHENTICATED")
