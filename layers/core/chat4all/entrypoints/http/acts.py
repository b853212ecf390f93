"""Acts: edit and delete a sent message, mark a person's message as read, show that your side types."""

import uuid
from typing import Final, Literal

import msgspec
from chalice.app import Request

from chat4all.domain.acts import ActKind
from chat4all.domain.content import Album, AlbumFile, Content, Plain, PostedAlbum, PostedMedia, Text
from chat4all.domain.errors import (
    ActNotPossible,
    Conflict,
    ConversationArchived,
    ConversationNotFound,
    Detail,
    HumanInControl,
    Invalid,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    NotYourMessage,
)
from chat4all.domain.kind_checks import checked
from chat4all.domain.public_addresses import AddressOf
from chat4all.domain.text import check_caption, check_content
from chat4all.domain.wording import worded
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.services.messaging.accept_message import Accepted
from chat4all.services.messaging.change_message import ChangeMessage, reworded_file
from chat4all.services.messaging.ports import Messages
from chat4all.services.messaging.send_signals import SendSignals

_MESSAGE: Final = "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04"
_ACT: Final = "c56a4180-65aa-42ec-a945-5fd21dec0538"
_CONVERSATION: Final = "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003"
_AGENT: Final = "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10"
_ANA: Final = "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02"
_ACCEPTED: Final = {
    "act_id": _ACT,
    "kind": "EDIT",
    "message_id": _MESSAGE,
    "accepted_at": "2026-01-31T12:05:00.123Z",
    "status_url": f"https://api.example.com/v1/messages/{_MESSAGE}/status",
}
_REPLAY: Final = {"idempotent-replay": "true, when the same act was accepted before."}
_READ: Final = {"message_id": _MESSAGE, "user_id": _ANA, "channel": "whatsapp", "read_before": False}
_TYPING: Final = {"shown_to": [{"user_id": _ANA, "channel": "whatsapp"}]}


class PatchMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new content of a message.

    A text alone is the new text of a text, or the new caption of a file. Other content has the kind of the
    message, and the file or the files of the message. `act_id` is a uuid4 that makes the request repeatable.
    """

    sender_id: Id
    content: str | Plain | PostedMedia | PostedAlbum
    act_id: Id | None = None


class DeleteMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sender_id` is the user who sent the message."""

    sender_id: Id


class MarkRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person's message up to which everything is read; by default their latest."""

    message_id: Id | None = None


class ShowTyping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state` begins or ends the sign; it also ends by itself."""

    state: Literal["on", "off"]
    sender_id: Id | None = None


class AcceptedActView(msgspec.Struct, frozen=True):
    """An accepted act. The status of the message says what becomes of it on each delivery."""

    act_id: str
    kind: ActKind
    message_id: str
    accepted_at: str
    status_url: str


class ReadView(msgspec.Struct, frozen=True):
    """The message up to which the person sees that they were read. `read_before`: nothing was sent again."""

    message_id: str
    user_id: str
    channel: str
    read_before: bool


class SignalledView(msgspec.Struct, frozen=True):
    user_id: str
    channel: str


class TypingView(msgspec.Struct, frozen=True):
    """The people whose app shows that your side types."""

    shown_to: tuple[SignalledView, ...]


class ActViews:
    def __init__(
        self, change: ChangeMessage, signals: SendSignals, messages: Messages, addresses: Addresses
    ) -> None:
        self._change = change
        self._signals = signals
        self._messages = messages
        self._addresses = addresses

    @route(
        "EditMessage",
        "PATCH",
        "/v1/messages/{message_id}",
        Returns(AcceptedActView, _ACCEPTED, 202, headers=_REPLAY),
        summary="Edit a sent message on every channel that edits messages",
        scope="messages:write",
        body=PatchMessage,
        example={"sender_id": _AGENT, "content": "Hello Ana, at 5 pm"},
        errors=(
            NotYourMessage,
            NotAParticipant,
            MessageNotFound,
            Conflict,
            MessageDeleted,
            ConversationArchived,
            HumanInControl,
            ActNotPossible,
        ),
    )
    def patch(self, request: Request, message_id: str, body: PatchMessage) -> Answer:
        act_id = _checked_id(body.act_id) if body.act_id is not None else None
        content = self._content(message_id, body)
        accepted = self._change.edit(message_id, body.sender_id, content, act_id)
        return _answer(self._addresses(request), accepted)

    @route(
        "DeleteMessage",
        "DELETE",
        "/v1/messages/{message_id}",
        Returns(AcceptedActView, {**_ACCEPTED, "kind": "DELETE"}, 202, headers=_REPLAY),
        summary="Delete a sent message for everybody, on every channel that deletes messages",
        scope="messages:write",
        query=DeleteMessage,
        errors=(NotYourMessage, MessageNotFound, Conflict, HumanInControl, ActNotPossible),
    )
    def delete(self, request: Request, message_id: str, query: DeleteMessage) -> Answer:
        return _answer(self._addresses(request), self._change.delete(message_id, query.sender_id))

    @route(
        "MarkRead",
        "POST",
        "/v1/conversations/{conversation_id}/read",
        Returns(ReadView, _READ, 202),
        summary="Show a person that their message, and all before it, was read",
        scope="messages:write",
        body=MarkRead,
        needs_body=False,
        example={"message_id": _MESSAGE},
        errors=(ConversationNotFound, MessageNotFound, ActNotPossible),
    )
    def read(self, request: Request, conversation_id: str, body: MarkRead) -> Answer:
        marked = self._signals.read(conversation_id, body.message_id)
        message = marked.message
        view = ReadView(message.message_id, message.sender_id, message.channel or "", marked.before)
        return Answer(view, 202)

    @route(
        "ShowTyping",
        "POST",
        "/v1/conversations/{conversation_id}/typing",
        Returns(TypingView, _TYPING, 202),
        summary="Show the people of a conversation that your side types, or no longer does",
        scope="messages:write",
        body=ShowTyping,
        example={"state": "on"},
        errors=(NotAParticipant, ConversationNotFound, ActNotPossible),
    )
    def typing(self, request: Request, conversation_id: str, body: ShowTyping) -> Answer:
        shown = self._signals.typing(conversation_id, body.sender_id, is_on=body.state == "on")
        return Answer(TypingView(tuple(SignalledView(to.user_id, to.channel) for to in shown)), 202)

    def _content(self, message_id: str, body: PatchMessage) -> Content:
        """Return the checked content; a file is the message's own, with a new caption."""
        if isinstance(body.content, PostedAlbum):
            return self._album(message_id, body.content)
        if not isinstance(body.content, str | PostedMedia):
            return worded(checked(body.content))
        is_text = isinstance(body.content, str)
        text = body.content if isinstance(body.content, str) else body.content.text
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        file = reworded_file(message, check_caption("content" if is_text else "content.text", text))
        if isinstance(body.content, PostedMedia):
            if file is None or file.file.file_id != body.content.file_id or body.content.form is not None:
                raise ActNotPossible(
                    "An edit keeps the file of a message.",
                    Detail("content.file_id", "must be the message's file, in the form of the message"),
                )
            return file
        return file or Text(check_content("content", text))

    def _album(self, message_id: str, posted: PostedAlbum) -> Album:
        """Return the message's album with its new captions."""
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        former = message.content.files if isinstance(message.content, Album) else ()
        if [part.file.file_id for part in former] != [part.file_id for part in posted.files]:
            raise ActNotPossible(
                "An edit keeps the files of a message.",
                Detail("content.files", "must be the message's files, in their order"),
            )
        captions = zip(former, posted.files, strict=True)
        files = tuple(AlbumFile(part.file, new.text) for part, new in captions)
        return worded(checked(Album(files, posted.text)))


def _answer(address_of: AddressOf, accepted: Accepted) -> Answer:
    record = accepted.message
    headers = {"idempotent-replay": "true"} if accepted.replayed else {}
    if record.act is None:
        raise TypeError("The record of an act names the message that it changes.")
    view = AcceptedActView(
        act_id=record.message_id,
        kind=record.act.on.kind,
        message_id=record.act.on.message_id,
        accepted_at=record.accepted_at,
        status_url=address_of(f"/v1/messages/{record.act.on.message_id}/status"),
    )
    return Answer(view, 202, headers)


def _checked_id(act_id: str) -> str:
    """Return the id, which must be a uuid4 in its canonical spelling, as a message's."""
    try:
        canonical = uuid.UUID(act_id)
    except ValueError:
        canonical = None
    if canonical is None or canonical.version != 4 or str(canonical) != act_id:
        raise Invalid("act_id is not valid.", Detail("act_id", "must be a uuid4 in lower case"))
    return act_id
