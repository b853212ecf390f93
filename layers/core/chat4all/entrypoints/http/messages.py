"""/v1/messages: accept one, read one, follow one, search."""

import uuid
from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction
from chat4all.domain.clock import NewId
from chat4all.domain.content import Content, Media, PostedContent, PostedMedia, Text
from chat4all.domain.errors import Conflict, Detail, Forbidden, Invalid, NotFound, NotPossible
from chat4all.domain.files import Attachment
from chat4all.domain.pages import TimeOrder
from chat4all.domain.records import Message
from chat4all.domain.status import Status
from chat4all.domain.text import check_caption, check_content
from chat4all.entrypoints.http.accounting import Accounting
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, body_of, choice_of, id_of, limit_of, query_of
from chat4all.entrypoints.http.checks import check_channel, check_metadata
from chat4all.entrypoints.http.routes import Route, owner_of
from chat4all.entrypoints.http.views import MessagePage, message_view, progress_view
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.messaging.accept_message import AcceptMessage, NewMessage
from chat4all.services.messaging.ports import MessageQuery
from chat4all.services.messaging.read_messages import ReadMessages, exactly_one
from chat4all.services.recovery.redrive import Redrive

DELIVERY_TIMEOUT_S: Final = 300
"""Seconds until a delivery on one of several channels is to be confirmed, unless the client says otherwise."""


class PostMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/messages. A `content` that is a string stands for a text."""

    conversation_id: Id
    sender_id: Id
    content: str | PostedContent
    message_id: str | None = None
    channel: str | None = None
    channels: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=5)] = ()
    delivery_timeout_s: Annotated[int, msgspec.Meta(ge=30, le=86_400)] | None = None
    reply_to: Id | None = None
    metadata: dict[str, str] = {}
    template: object = None


class AcceptedView(msgspec.Struct, frozen=True):
    message_id: str
    conversation_id: str
    status: str
    accepted_at: str
    status_url: str


class MessageViews:
    def __init__(
        self,
        accept: AcceptMessage,
        read: ReadMessages,
        redrive: Redrive,
        channels: frozenset[str],
        new_id: NewId,
        *,
        attach: AttachFile,
        account: Accounting,
        addresses: Addresses,
    ) -> None:
        self._accept = accept
        self._redrive = redrive
        self._read = read
        self._channels = channels
        self._new_id = new_id
        self._attach = attach
        self._account = account
        self._addresses = addresses

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/messages", "messages:write", self.post),
            Route("GET", "/v1/messages", "messages:read", self.search),
            Route("GET", "/v1/messages/{message_id}", "messages:read", self.get),
            Route("POST", "/v1/messages/{message_id}/retry", "messages:write", self.retry),
            Route("GET", "/v1/messages/{message_id}/status", "messages:read", self.progress),
        ]

    def post(self, request: Request) -> Answer:
        accepted = self._accept(self._new(request, body_of(request, PostMessage)))
        message = accepted.message
        headers = {"idempotent-replay": "true"} if accepted.replayed else {}
        return Answer(self._accepted_view(request, message), 202, headers)

    def retry(self, request: Request, message_id: str) -> Answer:
        """Everything of the message that failed, once more."""
        self._account(request, AuditAction.MESSAGE_RETRY, f"message:{message_id}")
        return Answer(self._accepted_view(request, self._redrive.message(message_id)), 202)

    def search(self, request: Request) -> Answer:
        sender_id, status = id_of(request, "sender_id"), query_of(request, "status")
        conversation_id = id_of(request, "conversation_id")
        exactly_one(conversation_id=conversation_id, sender_id=sender_id, status=status)
        cursor, limit = query_of(request, "cursor"), limit_of(request)
        if conversation_id is not None:
            if query_of(request, "sort") not in {None, TimeOrder.NEWEST_FIRST.value}:
                raise Invalid("A history is newest first.", Detail("sort", "must be desc for a conversation"))
            page = self._read.history(conversation_id, None, cursor, limit)
        else:
            wanted = choice_of(request, "status", tuple(Status), None)
            order = choice_of(request, "sort", tuple(TimeOrder), TimeOrder.NEWEST_FIRST)
            query = MessageQuery(sender_id, Status(wanted) if wanted else None, TimeOrder(order or "desc"))
            page = self._read.search(query, cursor, limit)
        return Answer(MessagePage(tuple(message_view(one) for one in page.items), page.next_cursor))

    def get(self, request: Request, message_id: str) -> Answer:
        return Answer(message_view(self._read.get(message_id)))

    def progress(self, request: Request, message_id: str) -> Answer:
        return Answer(progress_view(self._read.progress(message_id)))

    def _accepted_view(self, request: Request, message: Message) -> AcceptedView:
        address_of = self._addresses(request)
        return AcceptedView(
            message_id=message.message_id,
            conversation_id=message.conversation_id,
            status=Status.PENDING.value,
            accepted_at=message.accepted_at,
            status_url=address_of(f"/v1/messages/{message.message_id}/status"),
        )

    def _new(self, request: Request, body: PostMessage) -> NewMessage:
        if body.template is not None:
            raise NotPossible("template is not supported yet.", Detail("template", "is not supported yet"))
        check_channel("channel", body.channel, self._channels)
        _check_channels(body, self._channels)
        check_metadata(body.metadata)
        return NewMessage(
            message_id=_checked_id(body.message_id) if body.message_id is not None else self._new_id(),
            conversation_id=body.conversation_id,
            sender_id=body.sender_id,
            content=self._content(request, body),
            channel=body.channel,
            channels=body.channels,
            delivery_timeout_s=(body.delivery_timeout_s or DELIVERY_TIMEOUT_S) if body.channels else 0,
            reply_to=body.reply_to,
            metadata=body.metadata,
        )

    def _content(self, request: Request, body: PostMessage) -> Content:
        match body.content:
            case str(text):
                return Text(check_content("content", text))
            case PostedMedia(file_id=file_id, text=text):
                return Media(self._file(request, body, file_id), check_caption("content.text", text))
            case Text(text=text):
                return Text(check_content("content.text", text))

    def _file(self, request: Request, body: PostMessage, file_id: str) -> Attachment:
        try:
            return self._attach(file_id, owner_of(request), body.conversation_id)
        except (NotFound, Forbidden, Conflict):
            # A message that was accepted stays accepted, also when its file is there no longer.
            before = self._accept.accepted_file(body.message_id) if body.message_id is not None else None
            if before is None or before.file_id != file_id:
                raise
            return before


def _check_channels(body: PostMessage, known: frozenset[str]) -> None:
    """Raises Invalid."""
    for index, channel in enumerate(body.channels):
        check_channel(f"channels[{index}]", channel, known)
    wrong = {
        "channel": body.channel is not None and body.channels != (),
        "channels": len(set(body.channels)) < len(body.channels),
        "delivery_timeout_s": body.delivery_timeout_s is not None and not body.channels,
    }
    issues = {
        "channel": "stands alone, without channels",
        "channels": "names a channel twice",
        "delivery_timeout_s": "needs channels",
    }
    details = [Detail(field, issues[field]) for field, is_wrong in wrong.items() if is_wrong]
    if details:
        raise Invalid("The channels are not valid.", *details)


def _checked_id(message_id: str) -> str:
    """A uuid4 in its canonical spelling, so that one message has one id."""
    try:
        canonical = uuid.UUID(message_id)
    except ValueError:
        canonical = None
    if canonical is None or canonical.version != 4 or str(canonical) != message_id:
        raise Invalid("message_id is not valid.", Detail("message_id", "must be a uuid4 in lower case"))
    return message_id
