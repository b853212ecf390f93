"""/v1/retention: for how long messages are kept."""

from enum import StrEnum
from typing import Annotated

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.errors import RetentionNotSet
from chat4all.domain.retention import FEWEST_DAYS, MOST_DAYS, Removed, RetentionState
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.privacy.manage_retention import ManageRetention

_SINCE = "2026-01-31T12:00:00.123Z"
_WALK = {
    "began_at": _SINCE,
    "ended_at": "2026-01-31T12:04:10.456Z",
    "conversations": 1200,
    "removed": {
        "messages": 5120,
        "notes": 12,
        "batches": 1,
        "dead_records": 0,
        "files": 310,
        "webhooks": 0,
        "unfinished": 2,
    },
    "oldest_at": "2025-11-02T12:04:09.000Z",
}
_RETENTION = {"days": 90, "since": _SINCE, "state": "APPLIED", "walk": _WALK}


class PutRetention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    days: Annotated[int, msgspec.Meta(ge=FEWEST_DAYS, le=MOST_DAYS)]


class RetentionProgress(StrEnum):
    """APPLIED: a walk has removed what is over by this setting. APPLYING: none has ended yet."""

    APPLYING = "APPLYING"
    APPLIED = "APPLIED"


class WalkView(msgspec.Struct, frozen=True):
    """The walk through all conversations that goes on, or that ended last; one begins every 24 hours.

    `unfinished` are the messages that are over and still being sent, and batches that have not ended: they go
    with a later walk. `oldest_at` is when the oldest message was accepted that the walk has left.
    """

    began_at: str
    ended_at: str | None
    conversations: int
    removed: Removed
    oldest_at: str | None


class RetentionView(msgspec.Struct, frozen=True):
    """For how many days messages are kept, since when, and how far that is carried out."""

    days: int
    since: str
    state: RetentionProgress
    walk: WalkView | None


class RetentionViews:
    def __init__(self, manage: ManageRetention, trail: AuditTrail) -> None:
        self._manage = manage
        self._trail = trail

    @route(
        "GetRetention",
        "GET",
        "/v1/retention",
        Returns(RetentionView, _RETENTION),
        summary="Read for how long messages are kept, and how far that is carried out",
        scope="privacy",
        errors=(RetentionNotSet,),
    )
    def get(self, request: Request) -> Answer:
        return Answer(_view(self._manage.get()))

    @route(
        "PutRetention",
        "PUT",
        "/v1/retention",
        Returns(RetentionView, {**_RETENTION, "state": "APPLYING", "walk": None}),
        summary="Set for how long messages are kept; what is over is removed for good",
        scope="privacy",
        body=PutRetention,
        example={"days": 90},
    )
    def put(self, request: Request, body: PutRetention) -> Answer:
        self._trail(request, AuditAction.RETENTION_PUT, "retention:messages", days=str(body.days))
        return Answer(_view(self._manage.put(body.days)))


def _view(state: RetentionState) -> RetentionView:
    walk = state.walk
    return RetentionView(
        days=state.setting.days,
        since=state.setting.since,
        state=RetentionProgress.APPLIED if state.is_applied else RetentionProgress.APPLYING,
        walk=WalkView(walk.began_at, walk.ended_at, walk.conversations, walk.removed, walk.oldest_at)
        if walk is not None
        else None,
    )
