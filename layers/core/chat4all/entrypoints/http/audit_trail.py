"""The audit trail of the requests that send or publish something again."""

from typing import Final

from chalice.app import Request

from chat4all.domain.audit import AuditAction, AuditEntry, known
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.text import shortened
from chat4all.entrypoints.http.routes import owner_of
from chat4all.services.access.ports import Audit

LONGEST_DETAIL: Final = 16_384
"""The characters of a detail: enough for every id that a request may name at once."""


class AuditTrail:
    """The recorder of requests. A view records a request before it acts, so that no act is unrecorded.

    Each request gets an entry of its own, even if the request is refused in the end.
    """

    def __init__(self, audit: Audit, clock: Clock, new_id: NewId) -> None:
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    def __call__(self, request: Request, action: AuditAction, subject: str, **details: str | None) -> None:
        """Record the request; raises Unavailable, and then the view must not act."""
        at = iso(self._clock())
        kept = {name: shortened(text, LONGEST_DETAIL) for name, text in known(details).items()}
        self._audit.record(AuditEntry(self._new_id(), at, action, subject, owner_of(request), kept))
