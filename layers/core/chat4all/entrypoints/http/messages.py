"""/v1/messages: accept a message, read it, follow its status, search."""

import uuid
from functools import partial
from typing import Annotated, Final, Literal, Protocol

import msgspec
from chalice.app import Request

from chat4all.domain.channel import Treatment
from chat4all.domain.clock import NewId
from chat4all.domain.content import Content, PostedContent
from chat4all.domain.decisions import Decision
from chat4all.domain.errors import (
    AccountDisabled,
    Conflict,
    ConversationArchived,
    ConversationJoined,
    ConversationNotFound,
    Detail,
    FileNotFound,
    FileNotPossible,
    Forbidden,
    HumanInControl,
    IdentityNotVerified,
    Invalid,
    KindNotPossible,
    MessageNotFound,
    NoIdentity,
    NotAParticipant,
    NotFound,
    NotPossible,
    NotScheduled,
    NotYourFile,
    OptedOut,
    TagNotPossible,
    TemplateMismatch,
    TemplateNotUsable,
    WindowClosed,
)
from chat4all.domain.files.file import NOT_READY, Attachment
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import Message
from chat4all.domain.pages import TimeOrder
from chat4all.domain.plan import Choose, Step
from chat4all.domain.public_addresses import AddressOf
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import NOTHING
from chat4all.domain.status import Status
from chat4all.domain.windows import Tag
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, PageQuery, Time, time_from
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.contents import content_of
from chat4all.entrypoints.http.message_views import (
    MessagePage,
    MessageView,
    ProgressView,
    message_view,
    progress_view,
)
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.messaging.accept_message import AcceptMessage, NewMessage
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.ports import MessageQuery
from chat4all.services.messaging.preview_message import PreviewMessage, Rendering
from chat4all.services.messaging.read_messages import ReadMessages, exactly_one
from chat4all.services.messaging.schedule_message import ScheduleMessage

DELIVERY_TIMEOUT_S: Final = 300
"""The seconds that each of several channels has to confirm a delivery, by default."""
MOST_FALLBACK_BYTES: Final = 60_000
"""The record of a message with such contents fits into a queue, unless it is for a very large group."""

_ID: Final = "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04"
_CONVERSATION: Final = "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003"
_AGENT: Final = "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10"
_NEW: Final = {
    "message_id": _ID,
    "conversation_id": _CONVERSATION,
    "sender_id": _AGENT,
    "content": "Hello",
    "channel": "whatsapp",
    "metadata": {"order": "17"},
}
ACCEPTED: Final = {
    "message_id": _ID,
    "conversation_id": _CONVERSATION,
    "status": "PENDING",
    "accepted_at": "2026-01-31T12:05:00.123Z",
    "status_url": f"https://api.example.com/v1/messages/{_ID}/status",
    "send_at": None,
}
_MESSAGE: Final[dict[str, object]] = {
    "message_id": _ID,
    "conversation_id": _CONVERSATION,
    "sequence": "18870423907514351616",
    "sender_id": _AGENT,
    "content": {"type": "text", "text": "Hello"},
    "channel": "whatsapp",
    "reply_to": None,
    "metadata": {"order": "17"},
    "status": "DELIVERED",
    "error": None,
    "accepted_at": "2026-01-31T12:05:00.123Z",
    "send_at": None,
    "edits": [],
    "deleted_at": None,
    "sent_at": None,
    "account": None,
    "thread": None,
    "author": None,
    "context": None,
    "provider_fields": NOTHING,
    "webhook_id": None,
    "notice": None,
    "purpose": "service",
    "act": None,
    "items": [],
}
MESSAGES: Final = {"messages": [_MESSAGE], "next_cursor": None}
_PROGRESS: Final = {
    "message_id": _ID,
    "current_status": "DELIVERED",
    "status_history": [
        {"status": "PENDING", "at": "2026-01-31T12:05:00.123Z"},
        {"status": "SENT", "at": "2026-01-31T12:05:01.123Z"},
        {"status": "DELIVERED", "at": "2026-01-31T12:05:02.123Z"},
    ],
    "retry_count": 0,
    "deliveries": [
        {
            "recipient_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "channel": "whatsapp",
            "step": 0,
            "status": "DELIVERED",
            "parts": 1,
            "provider_message_id": "wamid.HBgM",
            "provider_message_ids": ["wamid.HBgM"],
            "attempts": 1,
            "error": None,
            "edit": None,
            "deletion": None,
        }
    ],
    "plan": [
        {
            "recipient_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "step": 0,
            "channel": "whatsapp",
            "kind": "text",
            "decision": "tried",
            "code": None,
            "reason": None,
        },
        {
            "recipient_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "step": 1,
            "channel": "sms",
            "kind": "text",
            "decision": "next",
            "code": None,
            "reason": None,
        },
    ],
}


_BUTTONS: Final = {
    "conversation_id": _CONVERSATION,
    "sender_id": _AGENT,
    "content": {
        "type": "buttons",
        "text": "When may we call?",
        "buttons": [{"id": "now", "title": "Now"}, {"id": "later", "title": "Later"}],
    },
    "channel": "sms",
}
_PREVIEW: Final = {
    "renderings": [
        {
            "recipient_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
            "step": 0,
            "channel": "sms",
            "account": "main",
            "decision": "tried",
            "treatment": "numbered_text",
            "code": None,
            "reason": "does not take the kind buttons",
            "is_charged": True,
            "parts": [{"type": "text", "text": "When may we call?\n\n1. Now\n2. Later"}],
            "albums": [],
        }
    ]
}


class PostedStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step that follows if the steps before it fail: at least one of `channel` and `content`.

    Without a channel it goes over the channel of the step before; without a content, the message's own
    content goes out.
    """

    channel: str | None = None
    content: str | PostedContent | None = None


class PostMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/messages. A `content` that is a string stands for a text.

    `channels: [a, b]` is short for `channel: a` with `fallback: [{channel: b}]`.
    """

    conversation_id: Id
    sender_id: Id
    content: str | PostedContent
    message_id: str | None = None
    channel: str | None = None
    channels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=5)] = ()
    fallback: Annotated[tuple[PostedStep, ...], msgspec.Meta(min_length=1, max_length=5)] = ()
    choose: Choose = Choose.IN_ORDER
    delivery_timeout_s: Annotated[int, msgspec.Meta(ge=30, le=86_400)] | None = None
    reply_to: Id | None = None
    metadata: dict[str, str] = {}
    tag: Tag | None = None
    purpose: Purpose = Purpose.SERVICE
    send_at: Time | None = None
    """The time at which the message is accepted, up to 365 days ahead; without it, it goes at once."""


class HasChannels(Protocol):
    """A body that names channels."""

    @property
    def channel(self) -> str | None: ...
    @property
    def channels(self) -> tuple[str, ...]: ...
    @property
    def delivery_timeout_s(self) -> int | None: ...


class AcceptedView(msgspec.Struct, frozen=True):
    """The accepted message; `status_url` is the address of its status.

    A message with a `send_at` is SCHEDULED, or what has become of it if it is posted again.
    """

    message_id: str
    conversation_id: str
    status: str
    accepted_at: str
    status_url: str
    send_at: str | None = None


def accepted_view(address_of: AddressOf, message: Message) -> AcceptedView:
    return AcceptedView(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        status=(Status.PENDING if message.was_accepted else message.status).value,
        accepted_at=message.accepted_at,
        status_url=address_of(f"/v1/messages/{message.message_id}/status"),
        send_at=message.send_at,
    )


class RenderingView(msgspec.Struct, frozen=True):
    """What a recipient would get by a step of the message's plan; `step` 0 is the message's own content.

    `code` and `reason` say why the step is skipped; else `reason` says why the content does not get there as
    its kind. `parts` are the messages that the person's app would show, in their order; a file that goes as a
    link is one of them. A skipped step has none, and no account. `is_charged`: the provider charges for it.
    """

    recipient_id: str
    step: int
    channel: str | None
    account: str | None
    decision: Decision
    treatment: Treatment
    code: str | None
    reason: str | None
    is_charged: bool
    parts: tuple[Content, ...]
    albums: tuple[tuple[int, ...], ...]
    """The numbers of the parts, from 0, that the app shows as one album, for each album."""


class PreviewView(msgspec.Struct, frozen=True):
    """What each recipient would get: the step that is tried first, the next steps, and the skipped ones."""

    renderings: tuple[RenderingView, ...]


def rendering_view(rendering: Rendering) -> RenderingView:
    return RenderingView(
        recipient_id=rendering.recipient_id,
        step=rendering.step,
        channel=rendering.channel,
        account=rendering.account,
        decision=rendering.decision,
        treatment=rendering.treatment,
        code=rendering.code,
        reason=rendering.reason,
        is_charged=rendering.is_charged,
        parts=rendering.parts,
        albums=rendering.albums,
    )


class SearchMessages(PageQuery, frozen=True):
    """Exactly one of `conversation_id`, `sender_id` and `status` is needed.

    The messages of a status are sorted by the time of the failure, of the next look at a PENDING message, or
    for which a SCHEDULED message is scheduled.
    """

    conversation_id: Id | None = None
    sender_id: Id | None = None
    status: Literal["PENDING", "FAILED", "SCHEDULED"] | None = None
    sort: TimeOrder = TimeOrder.NEWEST_FIRST


class MessageViews:
    def __init__(
        self,
        accept: AcceptMessage,
        read: ReadMessages,
        channels: frozenset[str],
        new_id: NewId,
        *,
        schedule: ScheduleMessage,
        preview: PreviewMessage,
        attach: AttachFile,
        fill_template: FillTemplate,
        addresses: Addresses,
    ) -> None:
        self._fill_template = fill_template
        self._accept = accept
        self._schedule = schedule
        self._preview = preview
        self._read = read
        self._channels = channels
        self._new_id = new_id
        self._attach = attach
        self._addresses = addresses

    @route(
        "PostMessage",
        "POST",
        "/v1/messages",
        Returns(
            AcceptedView,
            ACCEPTED,
            202,
            headers={"idempotent-replay": "true, when the same message was accepted before."},
        ),
        summary="Accept a message; the same message_id and body again is the same message",
        scope="messages:write",
        body=PostMessage,
        example=_NEW,
        errors=(
            NotAParticipant,
            NotYourFile,
            ConversationNotFound,
            FileNotFound,
            Conflict,
            ConversationArchived,
            ConversationJoined,
            HumanInControl,
            *NOT_READY,
            NotPossible,
            NoIdentity,
            FileNotPossible,
            IdentityNotVerified,
            KindNotPossible,
            TagNotPossible,
            WindowClosed,
            OptedOut,
            AccountDisabled,
            TemplateNotUsable,
            TemplateMismatch,
        ),
    )
    def post(self, request: Request, body: PostMessage) -> Answer:
        new = self._fill_template(self._new(request, body))
        with self._fill_template.advising():
            accepted = self._accept(new) if new.send_at is None else self._schedule(new)
        message = accepted.message
        headers = {"idempotent-replay": "true"} if accepted.replayed else {}
        return Answer(accepted_view(self._addresses(request), message), 202, headers)

    @route(
        "PreviewMessage",
        "POST",
        "/v1/messages/preview",
        Returns(PreviewView, _PREVIEW),
        summary="Show what each recipient would get of a message; nothing is sent or stored",
        scope="messages:write",
        body=PostMessage,
        example=_BUTTONS,
        errors=(
            NotAParticipant,
            NotYourFile,
            ConversationNotFound,
            FileNotFound,
            ConversationArchived,
            ConversationJoined,
            HumanInControl,
            *NOT_READY,
            NotPossible,
            NoIdentity,
            FileNotPossible,
            IdentityNotVerified,
            TagNotPossible,
            WindowClosed,
            OptedOut,
            AccountDisabled,
            TemplateNotUsable,
            TemplateMismatch,
        ),
    )
    def preview(self, request: Request, body: PostMessage) -> Answer:
        new = self._fill_template(self._new(request, body))
        with self._fill_template.advising():
            renderings = self._preview(new)
        return Answer(PreviewView(tuple(map(rendering_view, renderings))))

    @route(
        "ListMessages",
        "GET",
        "/v1/messages",
        Returns(MessagePage, MESSAGES),
        summary="List the messages of a conversation, of a sender, or in a status that needs attention",
        scope="messages:read",
        query=SearchMessages,
        errors=(ConversationNotFound,),
    )
    def search(self, request: Request, query: SearchMessages) -> Answer:
        exactly_one(conversation_id=query.conversation_id, sender_id=query.sender_id, status=query.status)
        if query.conversation_id is not None:
            if query.sort is not TimeOrder.NEWEST_FIRST:
                raise Invalid("A history is newest first.", Detail("sort", "must be desc for a conversation"))
            page = self._read.history(query.conversation_id, None, query.cursor, query.limit)
        else:
            status = Status(query.status) if query.status is not None else None
            wanted = MessageQuery(query.sender_id, status, query.sort)
            page = self._read.search(wanted, query.cursor, query.limit)
        return Answer(MessagePage(tuple(message_view(message) for message in page.items), page.next_cursor))

    @route(
        "GetMessage",
        "GET",
        "/v1/messages/{message_id}",
        Returns(MessageView, _MESSAGE),
        summary="Read a message",
        scope="messages:read",
        errors=(MessageNotFound,),
    )
    def get(self, request: Request, message_id: str) -> Answer:
        return Answer(message_view(self._read.get(message_id)))

    @route(
        "GetMessageStatus",
        "GET",
        "/v1/messages/{message_id}/status",
        Returns(ProgressView, _PROGRESS),
        summary="Read the status of a message and of each of its deliveries",
        scope="messages:read",
        errors=(MessageNotFound,),
    )
    def progress(self, request: Request, message_id: str) -> Answer:
        return Answer(progress_view(self._read.progress(message_id)))

    @route(
        "CancelMessage",
        "POST",
        "/v1/messages/{message_id}/cancel",
        Returns(MessageView, {**_MESSAGE, "status": "CANCELLED", "sequence": "", "channel": None}),
        summary="Cancel a scheduled message; again, it stays cancelled",
        scope="messages:write",
        errors=(MessageNotFound, NotScheduled),
    )
    def cancel(self, request: Request, message_id: str) -> Answer:
        return Answer(message_view(self._schedule.cancel(message_id)))

    def _new(self, request: Request, body: PostMessage) -> NewMessage:
        _check_steps(body, self._channels)
        check_metadata(body.metadata)
        fallback = tuple(self._step(request, body, number) for number in range(len(body.fallback)))
        _check_size(fallback)
        return NewMessage(
            message_id=checked_id("message_id", body.message_id)
            if body.message_id is not None
            else self._new_id(),
            conversation_id=body.conversation_id,
            sender_id=body.sender_id,
            content=self._own_content(request, body),
            steps=_steps(body, fallback),
            choose=body.choose,
            delivery_timeout_s=(body.delivery_timeout_s or DELIVERY_TIMEOUT_S) if _has_steps(body) else 0,
            reply_to=body.reply_to,
            metadata=body.metadata,
            tag=body.tag,
            purpose=body.purpose,
            send_at=time_from("send_at", body.send_at),
        )

    def _own_content(self, request: Request, body: PostMessage) -> Content:
        if isinstance(body.content, Reaction) and body.reply_to is None:
            raise Invalid(
                "A reaction needs a message.", Detail("reply_to", "must name the message of the reaction")
            )
        if isinstance(body.content, Reaction) and body.tag is not None:
            raise Invalid("A reaction has no tag.", Detail("tag", "does not go with a reaction"))
        return self._content(request, body, body.content, "content")

    def _step(self, request: Request, body: PostMessage, number: int) -> Step:
        field, step = f"fallback[{number}]", body.fallback[number]
        check_channel(f"{field}.channel", step.channel, self._channels)
        if step.content is None:
            if step.channel is None:
                raise Invalid("A step is empty.", Detail(field, "needs a channel, a content, or both"))
            return Step(step.channel)
        if isinstance(step.content, Reaction):
            raise Invalid(
                "A reaction is no fallback.",
                Detail(f"{field}.content", "must be of another kind than reaction"),
            )
        return Step(step.channel, self._content(request, body, step.content, f"{field}.content"))

    def _content(
        self, request: Request, body: PostMessage, content: str | PostedContent, field: str
    ) -> Content:
        return content_of(content, field, partial(self._file, request, body))

    def _file(self, request: Request, body: PostMessage, file_id: str, field: str) -> Attachment:
        try:
            send_at = time_from("send_at", body.send_at)
            return self._attach(file_id, owner_of(request), body.conversation_id, send_at, field)
        except (NotFound, Forbidden, Conflict):
            # A repeated request finds its message accepted, even if the file no longer exists.
            message_id = body.message_id
            before = self._accept.accepted_file(message_id, file_id) if message_id is not None else None
            if before is None:
                raise
            return before


def _has_steps(body: PostMessage) -> bool:
    return bool(body.channels or body.fallback)


def _steps(body: PostMessage, fallback: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps that the sender names; () if the best channel is to be chosen for one content."""
    if body.channels:
        return tuple(map(Step, body.channels))
    return (Step(body.channel), *fallback) if body.channel is not None or fallback else ()


def _check_size(fallback: tuple[Step, ...]) -> None:
    """Raise Invalid if the contents of the steps would not fit into one record with the message's own."""
    size = sum(len(msgspec.json.encode(step.content)) for step in fallback if step.content is not None)
    if size > MOST_FALLBACK_BYTES:
        raise Invalid(
            "The contents of the fallback are too large.",
            Detail("fallback", f"must be at most {MOST_FALLBACK_BYTES} bytes of contents, not {size}"),
        )


def check_channels(body: HasChannels, known: frozenset[str]) -> None:
    """Check the channels and the timeout of a body without a fallback; raises Invalid."""
    details = _channel_issues(body, known)
    if body.delivery_timeout_s is not None and not body.channels:
        details.append(Detail("delivery_timeout_s", "needs channels"))
    if details:
        raise Invalid("The channels are not valid.", *details)


def _channel_issues(body: HasChannels, known: frozenset[str]) -> list[Detail]:
    """Return what is wrong with the names together; raise Invalid if a channel is not known."""
    check_channel("channel", body.channel, known)
    for index, channel in enumerate(body.channels):
        check_channel(f"channels[{index}]", channel, known)
    details = []
    if body.channel is not None and body.channels:
        details.append(Detail("channel", "stands alone, without channels"))
    if len(set(body.channels)) < len(body.channels):
        details.append(Detail("channels", "names a channel twice"))
    return details


def _check_steps(body: PostMessage, known: frozenset[str]) -> None:
    """Check the channels, the fallback and the timeout of the message; raises Invalid."""
    wrong = {
        "fallback": body.fallback != () and body.channels != (),
        "choose": body.choose is not Choose.IN_ORDER and not _has_steps(body),
        "delivery_timeout_s": body.delivery_timeout_s is not None and not _has_steps(body),
    }
    issues = {
        "fallback": "stands alone, without channels",
        "choose": "needs fallback or channels",
        "delivery_timeout_s": "needs fallback or channels",
    }
    details = _channel_issues(body, known)
    details += [Detail(field, issues[field]) for field, is_wrong in wrong.items() if is_wrong]
    if details:
        raise Invalid("The channels are not valid.", *details)


def checked_id(field: str, given: str) -> str:
    """Return the id, which must be a uuid4 in its canonical spelling, so that a thing has one id."""
    try:
        canonical = uuid.UUID(given)
    except ValueError:
        canonical = None
    if canonical is None or canonical.version != 4 or str(canonical) != given:
        raise Invalid(f"{field} is not valid.", Detail(field, "must be a uuid4 in lower case"))
    return given
