"""/v1/batches: one message for up to 10,000 recipients, at the pace of their channels."""

import hashlib
from functools import partial
from typing import Annotated, Final

import msgspec
from chalice.app import Request
from msgspec.structs import replace

from chat4all.domain.batches import (
    MOST_RECIPIENTS,
    Batch,
    BatchContent,
    BatchRecipient,
    BatchState,
    RecipientOutcome,
)
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.content import PostedContent
from chat4all.domain.errors import (
    BatchNotFound,
    BatchOver,
    Conflict,
    Detail,
    FileNotFound,
    FileNotPossible,
    Forbidden,
    Invalid,
    NotFound,
    NotPossible,
    NotYourFile,
    TemplateMismatch,
    TemplateNotUsable,
    UnknownUser,
)
from chat4all.domain.files.file import NOT_READY, Attachment
from chat4all.domain.kinds import Reaction
from chat4all.domain.purpose import Purpose
from chat4all.domain.variables import names_in
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, time_from
from chat4all.entrypoints.http.checks import check_metadata
from chat4all.entrypoints.http.contents import attached, content_of
from chat4all.entrypoints.http.messages import DELIVERY_TIMEOUT_S, check_channels, checked_id
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.batches.control_batch import BatchProgress, ControlBatch, RecipientProgress
from chat4all.services.batches.create_batch import CreateBatch
from chat4all.services.files.attach_file import AttachFile

MOST_BATCH_BYTES: Final = 4_000_000
"""The most bytes of a batch. Lambda takes 6 MB of request, in which the body is a JSON text: its quotes take
two bytes each. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_MOST_VARIABLES: Final = 20

_BATCH_ID: Final = "3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05"
_MESSAGE_ID: Final = "5e0b1c6a-30f5-5d0d-9a37-0d5c0f4c7b11"
_AGENT: Final = "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10"
_CUSTOMER: Final = "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02"
_CONVERSATION: Final = "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003"
_NEW: Final = {
    "batch_id": _BATCH_ID,
    "sender_id": _AGENT,
    "content": "Hello {{name}}, your order {{order}} is ready.",
    "recipients": [
        {"user_id": _CUSTOMER, "variables": {"name": "Maria", "order": "17"}},
        {"conversation_id": _CONVERSATION, "variables": {"name": "Ben", "order": "18"}},
    ],
}
_SUMMARY: Final[dict[str, object]] = {
    "batch_id": _BATCH_ID,
    "state": "RUNNING",
    "sender_id": _AGENT,
    "total": 10_000,
    "created_at": "2026-01-31T12:05:00.123Z",
    "send_at": None,
    "started_at": "2026-01-31T12:05:01.123Z",
    "finished_at": None,
}
_PROGRESS: Final[dict[str, object]] = {
    **_SUMMARY,
    "accepted": 2_390,
    "refused": 10,
    "pending": 7_600,
    "estimated_finish_at": "2026-01-31T12:12:00.123Z",
}
_RECIPIENTS: Final = {
    "recipients": [
        {
            "index": 0,
            "user_id": _CUSTOMER,
            "conversation_id": _CONVERSATION,
            "message_id": _MESSAGE_ID,
            "outcome": "accepted",
            "code": None,
            "status": "DELIVERED",
        }
    ],
    "next_cursor": None,
}


class PostedRecipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipient: exactly one of a conversation and a customer.

    A customer gets the message in their 1:1 conversation with the sender, which begins if there is none.
    """

    conversation_id: Id | None = None
    user_id: Id | None = None
    variables: Annotated[dict[str, str], msgspec.Meta(max_length=_MOST_VARIABLES)] = {}


class PostBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/batches. In any text of `content`, {{name}} stands for a variable."""

    sender_id: Id
    content: str | PostedContent
    recipients: Annotated[tuple[PostedRecipient, ...], msgspec.Meta(min_length=1, max_length=MOST_RECIPIENTS)]
    batch_id: str | None = None
    channel: str | None = None
    channels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=5)] = ()
    delivery_timeout_s: Annotated[int, msgspec.Meta(ge=30, le=86_400)] | None = None
    metadata: dict[str, str] = {}
    purpose: Purpose = Purpose.SERVICE
    send_at: Time | None = None


class CreatedBatchView(msgspec.Struct, frozen=True):
    """The created batch; `status_url` is the address of its progress."""

    batch_id: str
    status_url: str


class BatchSummary(msgspec.Struct, frozen=True):
    """A batch without its counts."""

    batch_id: str
    state: BatchState
    sender_id: str
    total: int
    """The number of recipients."""
    created_at: str
    send_at: str | None
    started_at: str | None
    finished_at: str | None


class BatchView(BatchSummary, frozen=True):
    """A batch, and the numbers of its recipients by outcome."""

    accepted: int
    refused: int
    pending: int
    estimated_finish_at: str | None
    """When the batch is done at its speed so far; null unless it is running and has begun."""


class BatchPage(msgspec.Struct, frozen=True):
    """A page of batches."""

    batches: tuple[BatchSummary, ...]
    next_cursor: str | None


class BatchRecipientView(msgspec.Struct, frozen=True):
    """A recipient. `index` is its place in the request, `code` the error of a refusal."""

    index: int
    user_id: str | None
    conversation_id: str | None
    message_id: str
    outcome: RecipientOutcome
    code: str | None
    status: str | None
    """The status of the message, if it was accepted."""


class BatchRecipientPage(msgspec.Struct, frozen=True):
    """A page of the recipients of a batch."""

    recipients: tuple[BatchRecipientView, ...]
    next_cursor: str | None


class ListRecipients(PageQuery, frozen=True):
    outcome: RecipientOutcome | None = None


class BatchViews:
    def __init__(
        self,
        create: CreateBatch,
        control: ControlBatch,
        channels: frozenset[str],
        attach: AttachFile,
        addresses: Addresses,
        *,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._create = create
        self._control = control
        self._channels = channels
        self._attach = attach
        self._addresses = addresses
        self._clock = clock
        self._new_id = new_id

    @route(
        "PostBatch",
        "POST",
        "/v1/batches",
        Returns(
            CreatedBatchView,
            {"batch_id": _BATCH_ID, "status_url": f"https://api.example.com/v1/batches/{_BATCH_ID}"},
            202,
            headers={"idempotent-replay": "true, when the same batch was created before."},
        ),
        summary="Send a message to many recipients; the same batch_id and body again is the same batch",
        scope="messages:write",
        body=PostBatch,
        example=_NEW,
        most_bytes=MOST_BATCH_BYTES,
        errors=(
            UnknownUser,
            NotYourFile,
            FileNotFound,
            Conflict,
            *NOT_READY,
            NotPossible,
            FileNotPossible,
            TemplateNotUsable,
            TemplateMismatch,
        ),
    )
    def post(self, request: Request, body: PostBatch) -> Answer:
        recipients = _recipients(body)
        created = self._create(self._batch(request, body), recipients)
        batch_id = created.batch.batch_id
        view = CreatedBatchView(batch_id, self._addresses(request)(f"/v1/batches/{batch_id}"))
        return Answer(view, 202, {"idempotent-replay": "true"} if created.replayed else {})

    @route(
        "ListBatches",
        "GET",
        "/v1/batches",
        Returns(BatchPage, {"batches": [_SUMMARY], "next_cursor": None}),
        summary="List the batches, newest first",
        scope="messages:read",
        query=PageQuery,
    )
    def listing(self, request: Request, query: PageQuery) -> Answer:
        page = self._control.listing(query.cursor, query.limit)
        return Answer(BatchPage(tuple(map(_summary, page.items)), page.next_cursor))

    @route(
        "GetBatch",
        "GET",
        "/v1/batches/{batch_id}",
        Returns(BatchView, _PROGRESS),
        summary="Read the progress of a batch",
        scope="messages:read",
        errors=(BatchNotFound,),
    )
    def get(self, request: Request, batch_id: str) -> Answer:
        return Answer(_view(self._control.progress(batch_id)))

    @route(
        "ListBatchRecipients",
        "GET",
        "/v1/batches/{batch_id}/recipients",
        Returns(BatchRecipientPage, _RECIPIENTS),
        summary="List the recipients of a batch in their order, with the status of each message",
        scope="messages:read",
        query=ListRecipients,
        errors=(BatchNotFound,),
    )
    def recipients(self, request: Request, batch_id: str, query: ListRecipients) -> Answer:
        page = self._control.recipients(batch_id, query.outcome, query.cursor, query.limit)
        return Answer(BatchRecipientPage(tuple(map(_recipient_view, page.items)), page.next_cursor))

    @route(
        "PauseBatch",
        "POST",
        "/v1/batches/{batch_id}/pause",
        Returns(BatchView, {**_PROGRESS, "state": "PAUSED", "estimated_finish_at": None}),
        summary="Pause a batch within about 15 seconds",
        scope="messages:write",
        errors=(BatchNotFound, BatchOver),
    )
    def pause(self, request: Request, batch_id: str) -> Answer:
        return Answer(_view(self._control.pause(batch_id)))

    @route(
        "ResumeBatch",
        "POST",
        "/v1/batches/{batch_id}/resume",
        Returns(BatchView, _PROGRESS),
        summary="Go on with a paused batch",
        scope="messages:write",
        errors=(BatchNotFound, BatchOver),
    )
    def resume(self, request: Request, batch_id: str) -> Answer:
        return Answer(_view(self._control.resume(batch_id)))

    @route(
        "CancelBatch",
        "POST",
        "/v1/batches/{batch_id}/cancel",
        Returns(BatchView, {**_PROGRESS, "state": "CANCELLED", "estimated_finish_at": None}),
        summary="End a batch within about 15 seconds; its accepted messages stay accepted",
        scope="messages:write",
        errors=(BatchNotFound, BatchOver),
    )
    def cancel(self, request: Request, batch_id: str) -> Answer:
        return Answer(_view(self._control.cancel(batch_id)))

    def _batch(self, request: Request, body: PostBatch) -> Batch:
        check_channels(body, self._channels)
        check_metadata(body.metadata)
        send_at = time_from("send_at", body.send_at)
        batch_id = checked_id("batch_id", body.batch_id) if body.batch_id is not None else self._new_id()
        return Batch(
            batch_id=batch_id,
            sender_id=body.sender_id,
            content=self._content(request, body, batch_id, send_at),
            total=len(body.recipients),
            fingerprint=_fingerprint(replace(body, batch_id=batch_id, send_at=send_at)),
            created_at=iso(self._clock()),
            channels=(body.channel,) if body.channel is not None else body.channels,
            delivery_timeout_s=(body.delivery_timeout_s or DELIVERY_TIMEOUT_S) if body.channels else 0,
            metadata=body.metadata,
            purpose=body.purpose,
            send_at=send_at,
        )

    def _content(self, request: Request, body: PostBatch, batch_id: str, send_at: str | None) -> BatchContent:
        if isinstance(body.content, Reaction):
            issue = "must not be a reaction, which needs a message"
            raise Invalid("A batch cannot react.", Detail("content", issue))
        attach = partial(self._file, request, batch_id, send_at)
        if names_in(body.content):
            # The words are checked with the variables of each recipient.
            return attached(body.content, "content", attach)
        return content_of(body.content, "content", attach)

    def _file(
        self, request: Request, batch_id: str, send_at: str | None, file_id: str, field: str
    ) -> Attachment:
        try:
            # A file of a conversation goes to nobody else, so a batch sends none.
            begins_at = send_at or iso(self._clock())
            return self._attach(file_id, owner_of(request), "", send_at, field, batch_at=begins_at)
        except (NotFound, Forbidden, Conflict):
            # A repeated request finds its batch created, even if the file no longer exists.
            before = self._create.file_of_batch(batch_id, file_id)
            if before is None:
                raise
            return before


def _recipients(body: PostBatch) -> list[BatchRecipient]:
    details = [
        Detail(f"recipients[{index}]", "needs exactly one of conversation_id, user_id")
        for index, posted in enumerate(body.recipients)
        if (posted.conversation_id is None) == (posted.user_id is None)
    ]
    if details:
        raise Invalid("The recipients are not valid.", *details[:20])
    return [
        BatchRecipient(posted.conversation_id, posted.user_id, posted.variables) for posted in body.recipients
    ]


def _fingerprint(body: PostBatch) -> str:
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()


def _summary(batch: Batch) -> BatchSummary:
    return BatchSummary(
        batch_id=batch.batch_id,
        state=batch.state,
        sender_id=batch.sender_id,
        total=batch.total,
        created_at=batch.created_at,
        send_at=batch.send_at,
        started_at=batch.started_at,
        finished_at=batch.finished_at,
    )


def _view(progress: BatchProgress) -> BatchView:
    return BatchView(
        **msgspec.structs.asdict(_summary(progress.batch)),
        accepted=progress.accepted,
        refused=progress.refused,
        pending=progress.pending,
        estimated_finish_at=progress.estimated_finish_at,
    )


def _recipient_view(progress: RecipientProgress) -> BatchRecipientView:
    return BatchRecipientView(
        index=progress.index,
        user_id=progress.recipient.user_id,
        conversation_id=progress.recipient.conversation_id or progress.result.conversation_id,
        message_id=progress.message_id,
        outcome=progress.result.outcome,
        code=progress.result.code,
        status=progress.message.status.value if progress.message is not None else None,
    )
