"""The audit trail in memory."""

from chat4all.domain.audit import AuditEntry, AuditQuery
from chat4all.domain.pages import TimeCursor


class MemoryAudit:
    def __init__(self) -> None:
        self.entries: dict[str, AuditEntry] = {}

    def record(self, entry: AuditEntry) -> None:
        self.entries.setdefault(entry.entry_id, entry)

    def listing(self, query: AuditQuery, after: TimeCursor | None, limit: int) -> list[AuditEntry]:
        found = [
            entry
            for entry in self.entries.values()
            if entry.action in query.actions
            and (query.since or "") <= entry.at <= (query.until or "~")
            and (after is None or (entry.at, entry.entry_id) < (after.at, after.item_id))
        ]
        return sorted(found, key=lambda entry: (entry.at, entry.entry_id), reverse=True)[:limit]
