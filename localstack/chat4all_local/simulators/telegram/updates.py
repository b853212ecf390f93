"""The bot's chats: their messages, and the updates that report them to Chat4All.

https://core.telegram.org/bots/api#update, https://core.telegram.org/bots/api#message
"""

from typing import Final

import msgspec

from chat4all_local.simulators.control_api import InboundRequest, JsonObject, Signature
from chat4all_local.simulators.provider import ControlError, Inbound
from chat4all_local.simulators.shared.signing import WRONG_KEY, ascii_json
from chat4all_local.simulators.store import Store
from chat4all_local.simulators.telegram.media import INBOUND, NO_CAPTION
from chat4all_local.simulators.telegram.reactions import ALLOWED, Reactions
from chat4all_local.simulators.telegram.taps import Taps

_KEPT: Final = 20_000
_PLACE: Final[JsonObject] = {"latitude": -23.5505, "longitude": -46.6333}
_CONTENT: Final[dict[str, JsonObject]] = {
    "location": {"location": _PLACE},
    "venue": {"location": _PLACE, "venue": {"location": _PLACE, "title": "Bar", "address": "Rua Augusta 1"}},
    "contact": {"contact": {"phone_number": "+5511987654321", "first_name": "Ana"}},
}
_FILES: Final = frozenset(INBOUND)


class _Known(msgspec.Struct, frozen=True):
    address: str
    message: JsonObject


class ChatHistory:
    """The latest messages of all chats. Message ids grow across all chats, as a bot sees them."""

    def __init__(self, store: Store, first_id: int) -> None:
        """Open the history. Without earlier messages, the next message id is above `first_id`."""
        self._known = store.table("messages", _Known, _KEPT)
        self._last_id = max(map(int, self._known), default=first_id)

    def add(
        self,
        chat: JsonObject,
        sender: JsonObject,
        text: str | None,
        at: float,
        *,
        quoted: str | None = None,
        fields: JsonObject,
    ) -> JsonObject:
        """Add a message to a chat, and return it in the Message shape.

        With a file among the `fields`, `text` is the caption.
        """
        self._last_id += 1
        message: JsonObject = {
            "message_id": self._last_id,
            "from": sender,
            "chat": chat,
            "date": int(at),
        }
        if quoted is not None and (known := self.quoted(chat, quoted)):
            message["reply_to_message"] = {k: v for k, v in known.items() if k != "reply_to_message"}
        message |= fields
        if text is not None:
            message["caption" if fields.keys() & _FILES else "text"] = text
        self._known.put(str(self._last_id), _Known(str(chat["id"]), message))
        return message

    def edit(self, address: str, message_id: str, request: InboundRequest, at: float) -> JsonObject | None:
        """Change a text or a caption, or move a place. Returns None if the message is not in the chat."""
        message = self.find(address, message_id)
        if message is None:
            return None
        changes: JsonObject = {"text" if "text" in message else "caption": request.text or ""}
        if "location" in message:
            changes = {"location": (request.raw or {}).get("location", message["location"])}
        edited = message | {"edit_date": int(at)} | changes
        self._known.put(message_id, _Known(address, edited))
        return edited

    def change(self, address: str, message_id: str, fields: JsonObject, at: float) -> JsonObject:
        """Give a message of the bot other fields, as an edit of the bot does; a field of None is removed."""
        message = (self.find(address, message_id) or {}) | {"edit_date": int(at)} | fields
        kept: JsonObject = {name: value for name, value in message.items() if value is not None}
        self._known.put(message_id, _Known(address, kept))
        return kept

    def remove(self, address: str, message_id: str) -> None:
        """Delete a message. Its number stays known, in no chat: it is none of the forgotten ones."""
        if self.find(address, message_id) is not None:
            self._known.put(message_id, _Known("", {}))

    def chat_of(self, message_id: str) -> str | None:
        """Return the chat of a message."""
        known = self._known.get(message_id)
        return (known.address or None) if known else None

    def find(self, address: str, message_id: str) -> JsonObject | None:
        known = self._known.get(message_id)
        return known.message if known and known.address == address else None

    @property
    def _forgotten_until(self) -> int:
        """The highest message id that is not in the history any more."""
        return int(next(iter(self._known), self._last_id + 1)) - 1

    def quoted(self, chat: JsonObject, message_id: str) -> JsonObject | None:
        """Find a message of the chat.

        A forgotten message, such as an earlier process's, is reduced to its id.
        """
        known = self.find(str(chat["id"]), message_id)
        if known is None and message_id.isdecimal() and 0 < int(message_id) <= self._forgotten_until:
            return {"message_id": int(message_id), "chat": chat, "date": 0}
        return known

    def may_quote(self, address: str, message_id: int) -> bool:
        """Return whether the message can be quoted. A forgotten id is assumed to belong to the chat."""
        return 0 < message_id <= self._forgotten_until or self.find(address, str(message_id)) is not None


class Writing(msgspec.Struct, frozen=True):
    """The chat in which a person writes, the person, and the fields of the message beside its text."""

    chat: JsonObject
    writer: JsonObject
    fields: JsonObject


def update(
    request: InboundRequest, writing: Writing, history: ChatHistory, update_id: int, at: float
) -> Inbound:
    """Build the update about a message that a person wrote or changed.

    The fields of `raw` replace those of the message. A message with a business connection is an update of
    that connection.
    """
    if request.edit_of is not None:
        kind, message = "edited_message", _edited(request, writing, history, at)
    else:
        kind, message = "message", _written(request, writing, history, at)
    message = {**message, **(request.raw or {})}
    if "business_connection_id" in message:
        kind = kind.replace("message", "business_message")
    return Inbound(str(message["message_id"]), ascii_json({"update_id": update_id, kind: message}))


def reacted(
    request: InboundRequest, writing: Writing, history: ChatHistory, reactions: Reactions, at: float
) -> JsonObject:
    """Return the person's change of their reaction to a message; without a `text`, they take it back.

    https://core.telegram.org/bots/api#messagereactionupdated
    """
    message, emoji = _target(request, writing, history), request.text or ""
    if emoji and emoji not in ALLOWED:
        raise ControlError(f"nobody reacts with `{emoji}`")
    number, chat_id = int(str(message["message_id"])), str(writing.chat["id"])
    changed = reactions.change(chat_id, number, str(writing.writer["id"]), emoji)
    who: JsonObject = {"chat": writing.chat, "message_id": number, "user": writing.writer, "date": int(at)}
    return {**who, **changed, **(request.raw or {})}


def tapped(
    request: InboundRequest, writing: Writing, history: ChatHistory, taps: Taps, at: float
) -> JsonObject:
    """Return the person's tap on the button with the data `text`."""
    message = _target(request, writing, history)
    query = taps.begin(message, request.text or "", writing.writer, at)
    return {**query, **(request.raw or {})}


def _target(request: InboundRequest, writing: Writing, history: ChatHistory) -> JsonObject:
    message = history.quoted(writing.chat, request.quoted or "")
    if message is None:
        raise ControlError(f"message {request.quoted} is not in the chat {writing.chat['id']}")
    return message


def _written(request: InboundRequest, writing: Writing, history: ChatHistory, at: float) -> JsonObject:
    has_file = bool(writing.fields.keys() & _FILES)
    if request.kind != "text" and request.kind not in _CONTENT and not has_file:
        raise ControlError(f"kind `{request.kind}` is not simulated: give its fields as `raw`")
    if request.quoted is not None and history.quoted(writing.chat, request.quoted) is None:
        raise ControlError(f"message {request.quoted} is not in the chat {writing.chat['id']}")
    text = request.text if has_file else ((request.text or "") if request.kind == "text" else None)
    if request.kind in NO_CAPTION and text is not None:
        raise ControlError(f"a message of kind `{request.kind}` has no caption")
    fields = writing.fields | _CONTENT.get(request.kind, {})
    return history.add(writing.chat, writing.writer, text, at, quoted=request.quoted, fields=fields)


def _edited(request: InboundRequest, writing: Writing, history: ChatHistory, at: float) -> JsonObject:
    chat_id = str(writing.chat["id"])
    message = history.edit(chat_id, request.edit_of or "", request, at)
    if message is None:
        raise ControlError(f"message {request.edit_of} is not in the chat {chat_id}")
    return message


def token_headers(secret: str, signature: Signature) -> dict[str, str]:
    """Return the headers of an update. A bot without a secret token sends no token header.

    https://core.telegram.org/bots/api#setwebhook
    """
    headers = {"content-type": "application/json"}
    if signature is False or not secret:
        return headers
    if signature == "wrong":
        secret = WRONG_KEY
    elif signature == "upper":
        secret = secret.upper()
    return {**headers, "x-telegram-bot-api-secret-token": secret}
