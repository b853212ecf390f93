"""The audit trail: an entry never changes, and entries are listed newest first."""

import random
import uuid
from datetime import datetime, timedelta
from typing import Protocol

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.domain.audit import AuditAction, AuditEntry, AuditQuery, audit_entry
from chat4all.domain.errors import Unavailable
from chat4all.domain.pages import TimeCursor
from chat4all.services.access.ports import Audit, AuditLog
from tests.fakes.audit import MemoryAudit
from tests.integration.aws import Aws

EVERY_ACTION = tuple(AuditAction)
INFECTED, REJECTED = AuditAction.FILE_INFECTED, AuditAction.FILE_REJECTED


class Log(Audit, AuditLog, Protocol):
    """Both ports of the audit trail: writing and reading."""


@pytest.fixture
def log(backend: str, aws: Aws) -> Log:
    return MemoryAudit() if backend == "memory" else DynamoAudit(aws.output("Data.AuditTable"))


@pytest.fixture
def year() -> int:
    """Choose a year that no other test uses."""
    return random.Random().randrange(3000, 9000)  # noqa: S311 - no secret


def an_entry(at: str, action: AuditAction = INFECTED) -> AuditEntry:
    return audit_entry(
        action, f"file:{uuid.uuid4()}", actor="files", at=at, details={"filename": "é.txt", "rule": None}
    )


def of(year: int, *actions: AuditAction) -> AuditQuery:
    return AuditQuery(actions or EVERY_ACTION, f"{year}-01-01T00:00:00.000Z", f"{year}-12-31T23:59:59.999Z")


def walked(log: Log, query: AuditQuery, limit: int) -> list[AuditEntry]:
    """Read the list page by page, and return all entries."""
    seen: list[AuditEntry] = []
    after: TimeCursor | None = None
    while page := log.listing(query, after, limit):
        assert len(page) <= limit
        seen += page
        after = TimeCursor(page[-1].at, page[-1].entry_id)
    return seen


def test_an_entry_is_listed_as_it_was_recorded(log: Log, year: int) -> None:
    entry = an_entry(f"{year}-01-31T12:00:00.000Z")

    log.record(entry)

    assert log.listing(of(year), None, 10) == [entry]
    assert entry.details == {"filename": "é.txt"}


def test_told_again_it_stays_as_it_was(log: Log, year: int) -> None:
    entry = an_entry(f"{year}-01-31T12:00:00.000Z")
    log.record(entry)

    log.record(replace(entry, at=f"{year}-02-01T12:00:00.000Z", actor="somebody else", details={}))

    assert log.listing(of(year), None, 10) == [entry]


def test_the_same_of_the_same_has_one_id(log: Log) -> None:
    first, again, other, another_action = (
        audit_entry(action, subject, actor="files", at=at, details={})
        for action, subject, at in [
            (INFECTED, "file:1", "2026-01-31T12:00:00.000Z"),
            (INFECTED, "file:1", "2026-02-01T12:00:00.000Z"),
            (INFECTED, "file:2", "2026-01-31T12:00:00.000Z"),
            (REJECTED, "file:1", "2026-01-31T12:00:00.000Z"),
        ]
    )

    assert first.entry_id == again.entry_id
    assert len({first.entry_id, other.entry_id, another_action.entry_id}) == 3


@pytest.mark.parametrize("limit", [1, 3, 40])
def test_the_newest_comes_first_on_every_page(log: Log, year: int, limit: int) -> None:
    # Three entries share each second, so that pages end within a second.
    entries = [
        an_entry(f"{year}-01-31T12:00:{number // 3:02}.000Z", EVERY_ACTION[number % 2])
        for number in range(20)
    ]
    for entry in entries:
        log.record(entry)

    expected = sorted(entries, key=lambda recorded: (recorded.at, recorded.entry_id), reverse=True)
    assert walked(log, of(year), limit) == expected
    assert walked(log, of(year, REJECTED), limit) == [
        recorded for recorded in expected if recorded.action is REJECTED
    ]


def test_a_time_includes_both_its_ends(log: Log, year: int) -> None:
    entries = [an_entry(f"{year}-01-31T12:00:0{second}.000Z") for second in range(5)]
    for entry in entries:
        log.record(entry)

    def within(since: int, until: int) -> list[AuditEntry]:
        return log.listing(AuditQuery(EVERY_ACTION, entries[since].at, entries[until].at), None, 10)

    assert within(1, 3) == entries[3:0:-1]
    assert within(3, 1) == []
    assert log.listing(AuditQuery(EVERY_ACTION), None, 100)[:1] != []
    # A cursor of another query is only a point in time.
    late = TimeCursor(entries[4].at, entries[4].entry_id)
    assert log.listing(AuditQuery(EVERY_ACTION, entries[1].at, entries[2].at), late, 10) == entries[2:0:-1]
    early = TimeCursor(entries[0].at, entries[0].entry_id)
    assert log.listing(AuditQuery(EVERY_ACTION, entries[1].at, entries[2].at), early, 10) == []


@pytest.mark.parametrize("at", ["2026-02-28T12:00:00.000Z", "2028-02-29T12:00:00.500Z"])
def test_dynamodb_drops_it_after_seven_years_and_no_sooner(aws: Aws, at: str) -> None:
    entry = an_entry(at)
    table = aws.output("Data.AuditTable")

    DynamoAudit(table).record(entry)

    item = aws.dynamodb.get_item(TableName=table, Key={"entry_id": {"S": f"default#{entry.entry_id}"}})[
        "Item"
    ]
    kept_until = float(item["expires_at"]["N"])
    recorded = datetime.fromisoformat(at)
    first_of_march = recorded.replace(year=recorded.year + 7, month=3, day=1)
    assert recorded.replace(year=recorded.year + 7, day=28).timestamp() <= kept_until
    assert kept_until <= (first_of_march + timedelta(days=1)).timestamp()


def test_a_table_that_does_not_answer_is_unavailable(aws: Aws) -> None:
    with pytest.raises(Unavailable):
        DynamoAudit("no-such-table").record(an_entry("2026-01-31T12:00:00.000Z"))
    DynamoAudit(aws.output("Data.AuditTable"))
