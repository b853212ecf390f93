"""Read the audit trail, the newest entry first."""

from chat4all.domain.audit import AuditEntry, AuditQuery
from chat4all.domain.pages import Page, TimeCursor, decode_cursor, encode_cursor
from chat4all.services.access.ports import AuditLog


class ReadAudit:
    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def __call__(self, query: AuditQuery, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Return a page of entries; raises Invalid if the cursor is not valid."""
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        found = self._log.listing(query, after, limit + 1)
        shown = tuple(found[:limit])
        more = len(found) > limit
        return Page(shown, encode_cursor(TimeCursor(shown[-1].at, shown[-1].entry_id)) if more else None)
