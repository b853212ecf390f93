"""The ports of the use cases of access, audit and health."""

from collections.abc import Mapping
from typing import Protocol

from chat4all.domain.api_key import ApiKey
from chat4all.domain.audit import AuditEntry, AuditQuery
from chat4all.domain.pages import TimeCursor


class Audit(Protocol):
    def record(self, entry: AuditEntry) -> None:
        """Record the entry, durably when it returns; recording it again does not even change its time."""
        ...


class AuditLog(Protocol):
    def listing(self, query: AuditQuery, after: TimeCursor | None, limit: int) -> list[AuditEntry]:
        """Return the entries that match the query after the cursor `after`, the newest first."""
        ...


class ApiKeys(Protocol):
    def get(self, key_hash: str) -> ApiKey | None: ...


class Probe(Protocol):
    """The check of one component: it raises if the component is down."""

    def __call__(self) -> None: ...


Probes = Mapping[str, Probe]
