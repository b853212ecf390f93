"""What the use cases of access, audit and health need of the world."""

from collections.abc import Mapping
from typing import Protocol

from chat4all.domain.audit import AuditEntry, AuditQuery
from chat4all.domain.pages import TimeCursor
from chat4all.domain.records import ApiKey


class Audit(Protocol):
    def record(self, entry: AuditEntry) -> None:
        """Durable when it returns; the same entry again changes nothing, not even its time."""
        ...


class AuditLog(Protocol):
    def listing(self, query: AuditQuery, after: TimeCursor | None, limit: int) -> list[AuditEntry]:
        """Newest first."""
        ...


class ApiKeys(Protocol):
    def get(self, key_hash: str) -> ApiKey | None: ...


class Probe(Protocol):
    """One component of the health check: raises if it is down."""

    def __call__(self) -> None: ...


Probes = Mapping[str, Probe]
