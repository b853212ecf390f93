"""/v1/dead-letters: what failed for good, and bringing it back."""

from typing import Annotated

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.dead_letters import DeadLetter
from chat4all.domain.errors import Detail, Invalid
from chat4all.entrypoints.http.accounting import Accounting
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import MOST_PAGE, body_of, limit_of, query_of
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.routes import Route
from chat4all.entrypoints.http.views import ErrorView
from chat4all.services.recovery.redrive import Redrive, Redriven

MOST_AT_ONCE = 25
"""A redrive takes about six calls to AWS, and a request has ten seconds."""
LONGEST_DEAD_LETTER_ID = 512


class DeadLetterView(msgspec.Struct, frozen=True):
    dead_letter_id: str
    kind: str
    message_id: str | None
    conversation_id: str | None
    sequence: int | None
    recipient_id: str | None
    channel: str | None
    source: str | None
    attempts: int | None
    failed_at: str
    error: ErrorView


class DeadLetterPage(msgspec.Struct, frozen=True):
    dead_letters: tuple[DeadLetterView, ...]
    next_cursor: str | None


class PostRedrive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"everything": "all"}):
    """The body of POST /v1/dead-letters/redrive: one, a channel's, or all."""

    dead_letter_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_DEAD_LETTER_ID)] | None = (
        None
    )
    channel: str | None = None
    everything: bool = False
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] = MOST_AT_ONCE


class DeadLetterViews:
    def __init__(self, redrive: Redrive, channels: frozenset[str], account: Accounting) -> None:
        self._redrive = redrive
        self._channels = channels
        self._account = account

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/dead-letters", "dead-letters:read", self.listing),
            Route("POST", "/v1/dead-letters/redrive", "dead-letters:write", self.redrive),
        ]

    def listing(self, request: Request) -> Answer:
        channel = query_of(request, "channel")
        check_channel("channel", channel, self._channels)
        page = self._redrive.listing(channel, query_of(request, "cursor"), limit_of(request))
        return Answer(DeadLetterPage(tuple(_view(one) for one in page.items), page.next_cursor))

    def redrive(self, request: Request) -> Answer:
        return Answer(self._redriven(request, body_of(request, PostRedrive)), 202)

    def _redriven(self, request: Request, body: PostRedrive) -> Redriven:
        chosen = [body.dead_letter_id is not None, body.channel is not None, body.everything]
        if chosen.count(True) != 1:
            raise Invalid(
                "Exactly one of dead_letter_id, channel, all is needed.",
                Detail("dead_letter_id, channel, all", f"{chosen.count(True)} were given"),
            )
        check_channel("channel", body.channel, self._channels)
        self._account(request, AuditAction.DEAD_LETTERS_REDRIVE, _subject(body), cursor=body.cursor)
        if body.dead_letter_id is not None:
            return self._redrive.one(body.dead_letter_id)
        return self._redrive.many(body.channel, body.cursor, min(body.limit, MOST_AT_ONCE))


def _subject(body: PostRedrive) -> str:
    if body.dead_letter_id is not None:
        return f"dead-letter:{body.dead_letter_id}"
    return f"dead-letters:{body.channel or 'all'}"


def _view(one: DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        dead_letter_id=one.dead_letter_id,
        kind=one.kind.value,
        message_id=one.message_id,
        conversation_id=one.conversation_id,
        sequence=one.sequence,
        recipient_id=one.recipient_id,
        channel=one.channel,
        source=one.source,
        attempts=one.attempts,
        failed_at=one.failed_at,
        error=ErrorView(one.error_code, one.error_reason),
    )
