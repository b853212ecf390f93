"""/v1/dead-letters: list the dead letters, and redrive them, or those of a message."""

from typing import Annotated

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.dead_letters import DeadLetter
from chat4all.domain.errors import (
    ConversationArchived,
    ConversationNotFound,
    DeadLetterNotFound,
    Detail,
    FileNotPossible,
    IdentityNotVerified,
    Invalid,
    MessageChanged,
    MessageNotFound,
    NoIdentity,
    NoRecipient,
    NotAParticipant,
    NotFailed,
    RecipientLeft,
    TagNotPossible,
    WindowClosed,
)
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.bodies import MOST_PAGE, PageQuery
from chat4all.entrypoints.http.checks import check_channel
from chat4all.entrypoints.http.message_views import ErrorView
from chat4all.entrypoints.http.messages import ACCEPTED, AcceptedView, accepted_view
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.recovery.redrive import Redrive, Redriven

MOST_AT_ONCE = 25
"""A redrive takes about six calls to AWS, and a request has ten seconds."""
LONGEST_DEAD_LETTER_ID = 512

_NOT_DELIVERABLE = (
    NotAParticipant,
    ConversationNotFound,
    MessageChanged,
    MessageNotFound,
    ConversationArchived,
    NotFailed,
    FileNotPossible,
    IdentityNotVerified,
    NoIdentity,
    NoRecipient,
    RecipientLeft,
    TagNotPossible,
    WindowClosed,
)
"""The errors that keep a failed message from being sent again."""

_ID = "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04|b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02|whatsapp|0"
_PAGE = {
    "dead_letters": [
        {
            "dead_letter_id": _ID,
            "kind": "DELIVERY",
            "message_id": "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04",
            "conversation_id": "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003",
            "sequence": "18870423907514351616",
            "recipient_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "channel": "whatsapp",
            "source": None,
            "attempts": 1,
            "failed_at": "2026-01-31T12:05:02.123Z",
            "error": {"code": "131026", "message": "Message undeliverable."},
        }
    ],
    "next_cursor": None,
}


class DeadLetterView(msgspec.Struct, frozen=True):
    dead_letter_id: str
    kind: str
    message_id: str | None
    conversation_id: str | None
    sequence: str | None
    recipient_id: str | None
    channel: str | None
    source: str | None
    attempts: int | None
    failed_at: str
    error: ErrorView


class DeadLetterPage(msgspec.Struct, frozen=True):
    """A page of dead letters."""

    dead_letters: tuple[DeadLetterView, ...]
    next_cursor: str | None


class PostRedrive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"everything": "all"}):
    """The body of POST /v1/dead-letters/redrive: an id, a channel, or all."""

    dead_letter_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_DEAD_LETTER_ID)] | None = (
        None
    )
    channel: str | None = None
    everything: bool = False
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] = MOST_AT_ONCE


class ListDeadLetters(PageQuery, frozen=True):
    channel: str | None = None


class DeadLetterViews:
    def __init__(
        self, redrive: Redrive, channels: frozenset[str], audit: AuditTrail, addresses: Addresses
    ) -> None:
        self._redrive = redrive
        self._channels = channels
        self._audit = audit
        self._addresses = addresses

    @route(
        "ListDeadLetters",
        "GET",
        "/v1/dead-letters",
        Returns(DeadLetterPage, _PAGE),
        summary="List the dead letters; those of a conversation are in the order of acceptance",
        scope="dead-letters:read",
        query=ListDeadLetters,
    )
    def listing(self, request: Request, query: ListDeadLetters) -> Answer:
        check_channel("channel", query.channel, self._channels)
        page = self._redrive.listing(query.channel, query.cursor, query.limit)
        return Answer(
            DeadLetterPage(tuple(_view(dead_letter) for dead_letter in page.items), page.next_cursor)
        )

    @route(
        "RedriveDeadLetters",
        "POST",
        "/v1/dead-letters/redrive",
        Returns(Redriven, {"redriven": 1, "refused": [], "next_cursor": None}, 202),
        summary="Send a dead letter again, or the dead letters of a channel, or all; at most 25 at once",
        scope="dead-letters:write",
        body=PostRedrive,
        example={"dead_letter_id": _ID},
        errors=(DeadLetterNotFound, *_NOT_DELIVERABLE),
    )
    def redrive(self, request: Request, body: PostRedrive) -> Answer:
        return Answer(self._redriven(request, body), 202)

    @route(
        "RetryMessage",
        "POST",
        "/v1/messages/{message_id}/retry",
        Returns(AcceptedView, ACCEPTED, 202),
        summary="Send the failed deliveries of a message again",
        scope="messages:write",
        errors=_NOT_DELIVERABLE,
    )
    def retry(self, request: Request, message_id: str) -> Answer:
        """Send the failed deliveries of the message again, after an audit entry."""
        self._audit(request, AuditAction.MESSAGE_RETRY, f"message:{message_id}")
        return Answer(accepted_view(self._addresses(request), self._redrive.message(message_id)), 202)

    def _redriven(self, request: Request, body: PostRedrive) -> Redriven:
        chosen = [body.dead_letter_id is not None, body.channel is not None, body.everything]
        if chosen.count(True) != 1:
            raise Invalid(
                "Exactly one of dead_letter_id, channel, all is needed.",
                Detail("dead_letter_id, channel, all", f"{chosen.count(True)} were given"),
            )
        check_channel("channel", body.channel, self._channels)
        self._audit(request, AuditAction.DEAD_LETTERS_REDRIVE, _subject(body), cursor=body.cursor)
        if body.dead_letter_id is not None:
            return self._redrive.one(body.dead_letter_id)
        return self._redrive.many(body.channel, body.cursor, min(body.limit, MOST_AT_ONCE))


def _subject(body: PostRedrive) -> str:
    if body.dead_letter_id is not None:
        return f"dead-letter:{body.dead_letter_id}"
    return f"dead-letters:{body.channel or 'all'}"


def _view(dead_letter: DeadLetter) -> DeadLetterView:
    return DeadLetterView(
        dead_letter_id=dead_letter.dead_letter_id,
        kind=dead_letter.kind.value,
        message_id=dead_letter.message_id,
        conversation_id=dead_letter.conversation_id,
        sequence=dead_letter.sequence,
        recipient_id=dead_letter.recipient_id,
        channel=dead_letter.channel,
        source=dead_letter.source,
        attempts=dead_letter.attempts,
        failed_at=dead_letter.failed_at,
        error=ErrorView(dead_letter.error_code, dead_letter.error_reason),
    )
