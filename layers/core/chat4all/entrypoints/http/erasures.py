"""/v1/users/{user_id}/erase and /v1/erasures: erase a person, and follow the erasure."""

from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.erasing import BACKUPS, Erasure, ErasureState
from chat4all.domain.errors import CannotErase, ErasureNotFound, UserNotFound
from chat4all.domain.text import check_plain
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.privacy.request_erasure import RequestErasure

_LONGEST_REASON: Final = 500
_BEGUN: Final[dict[str, object]] = {
    "erasure_id": "8d0a4f4e-53a1-5c86-9c41-2f4d7b0c9e11",
    "user_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
    "state": "ERASING",
    "reason": "Request 2026-17",
    "requested_at": "2026-01-31T12:00:00.123Z",
    "erased_at": None,
    "final_at": "2026-02-15T12:00:00.123Z",
    "backups_until": "2026-03-22T12:00:00.123Z",
    "counts": {},
}
_ERASED: Final[dict[str, object]] = {
    **_BEGUN,
    "state": "ERASED",
    "erased_at": "2026-01-31T12:00:05.456Z",
    "counts": {"users": 1, "identities": 1, "conversations": 1, "messages": 12, "files": 2, "webhooks": 31},
}


class PostErasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` is kept with the erasure, and should not name the person."""

    reason: Annotated[str, msgspec.Meta(max_length=_LONGEST_REASON)] | None = None


class ErasureView(msgspec.Struct, frozen=True):
    """The erasure of a person. `counts` has the numbers of erased rows and files.

    ERASING: the first pass runs. ERASED, since `erased_at`: what was stored at the request is erased. Later
    passes erase what was on its way. FINAL, from `final_at` on: nothing that knew the person can write any
    more. Backups of the tables can be restored until `backups_until`.
    """

    erasure_id: str
    user_id: str
    state: ErasureState
    reason: str | None
    requested_at: str
    erased_at: str | None
    final_at: str
    backups_until: str
    counts: dict[str, int]


class ErasureViews:
    def __init__(self, request_erasure: RequestErasure, trail: AuditTrail) -> None:
        self._request = request_erasure
        self._trail = trail

    @route(
        "EraseUser",
        "POST",
        "/v1/users/{user_id}/erase",
        Returns(ErasureView, _BEGUN, 202),
        summary="Erase a person and everything that they wrote; it cannot be undone",
        scope="privacy",
        body=PostErasure,
        needs_body=False,
        example={"reason": "Request 2026-17"},
        errors=(UserNotFound, CannotErase),
    )
    def post(self, request: Request, user_id: str, body: PostErasure) -> Answer:
        reason = check_plain("reason", body.reason, _LONGEST_REASON) if body.reason else None
        self._trail(request, AuditAction.USER_ERASE, f"user:{user_id}")
        return Answer(erasure_view(self._request(user_id, reason)), 202)

    @route(
        "GetErasure",
        "GET",
        "/v1/erasures/{erasure_id}",
        Returns(ErasureView, _ERASED),
        summary="Read how far an erasure is",
        scope="privacy",
        errors=(ErasureNotFound,),
    )
    def get(self, request: Request, erasure_id: str) -> Answer:
        return Answer(erasure_view(self._request.get(erasure_id)))


def erasure_view(erasure: Erasure) -> ErasureView:
    return ErasureView(
        erasure_id=erasure.erasure_id,
        user_id=erasure.user_id,
        state=erasure.state,
        reason=erasure.reason,
        requested_at=erasure.requested_at,
        erased_at=erasure.erased_at,
        final_at=erasure.final_at,
        backups_until=iso(parse_iso(erasure.final_at) + BACKUPS),
        counts=erasure.counts,
    )
