"""/v1/audit: the audit trail, which can be read but not written through the API."""

from typing import Annotated

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction, AuditEntry, AuditQuery
from chat4all.domain.consent import MOST_EVIDENCE
from chat4all.domain.fingerprints import Fingerprint, told
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import PageQuery, Time, time_from
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.access.read_audit import ReadAudit

_PAGE = {
    "entries": [
        {
            "entry_id": "c0a1f3a4-5a0e-5d7c-9f39-0c1a6f0a2b11",
            "at": "2026-01-31T12:00:00.123Z",
            "action": "file.infected",
            "subject": "file:5d0c8a52-0d2b-4c8e-8a53-3f1f7a9f6c21",
            "actor": "files",
            "details": {"content_type": "application/pdf", "rule": "EICAR", "code": "MALWARE"},
        }
    ],
    "next_cursor": None,
}


class ListAudit(PageQuery, frozen=True, rename={"since": "from", "until": "to"}):
    """The query for the entries of an action or of all actions, within a time that includes both ends."""

    action: AuditAction | None = None
    since: Time | None = None
    until: Time | None = None


class AuditPage(msgspec.Struct, frozen=True):
    """A page of the audit trail."""

    entries: tuple[AuditEntry, ...]
    next_cursor: str | None


class PostFingerprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address as a channel writes it, or another text of which an entry may have the fingerprint."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_EVIDENCE)]


class FingerprintView(msgspec.Struct, frozen=True):
    """The fingerprint of a text, as it stands in the details of an entry."""

    fingerprint: str


class AuditViews:
    def __init__(self, read: ReadAudit, fingerprint: Fingerprint) -> None:
        self._read = read
        self._fingerprint = fingerprint

    @route(
        "ListAudit",
        "GET",
        "/v1/audit",
        Returns(AuditPage, _PAGE),
        summary="List the audit trail, newest first",
        scope="audit:read",
        query=ListAudit,
    )
    def listing(self, request: Request, query: ListAudit) -> Answer:
        page = self._read(_audit_query(query), query.cursor, query.limit)
        return Answer(AuditPage(page.items, page.next_cursor))

    @route(
        "MakeFingerprint",
        "POST",
        "/v1/audit/fingerprint",
        Returns(FingerprintView, {"fingerprint": "5c0ff1b2a7d94e0388f1c6a2b07d3e94…78"}),
        summary="Make the fingerprint of an address, to find it in the trail",
        scope="audit:read",
        body=PostFingerprint,
        example={"text": "4915112345678"},
    )
    def fingerprint(self, request: Request, body: PostFingerprint) -> Answer:
        return Answer(FingerprintView(told(self._fingerprint, body.text)))


def _audit_query(query: ListAudit) -> AuditQuery:
    return AuditQuery(
        actions=tuple(AuditAction) if query.action is None else (query.action,),
        since=time_from("from", query.since),
        until=time_from("to", query.until),
    )
