"""/v1/audit: what somebody may have to account for. There is no way to write to it."""

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction, AuditEntry, AuditQuery
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import choice_of, limit_of, query_of, time_from
from chat4all.entrypoints.http.routes import Route
from chat4all.services.access.read_audit import ReadAudit

_ACTIONS = tuple(one.value for one in AuditAction)


class AuditPage(msgspec.Struct, frozen=True):
    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


class AuditViews:
    def __init__(self, read: ReadAudit) -> None:
        self._read = read

    def routes(self) -> list[Route]:
        return [Route("GET", "/v1/audit", "audit:read", self.listing)]

    def listing(self, request: Request) -> Answer:
        page = self._read(_query(request), query_of(request, "cursor"), limit_of(request))
        return Answer(AuditPage(page.items, page.next_cursor))


def _query(request: Request) -> AuditQuery:
    action = choice_of(request, "action", _ACTIONS, None)
    return AuditQuery(
        actions=tuple(AuditAction) if action is None else (AuditAction(action),),
        since=time_from("from", query_of(request, "from")),
        until=time_from("to", query_of(request, "to")),
    )
