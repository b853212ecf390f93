"""The bot's chats: their messages, and the updates that report them to Chat4All.

https://core.telegram.org/bots/api#update, https://core.telegram.org/bots/api#message
"""

from typing import Final

import msgspec

from chat4all_local.simulators.control_api import Customer, InboundRequest, JsonObject, Signature
from chat4all_local.simulators.provider import ControlError, Inbound
from chat4all_local.simulators.shared.signing import WRONG_KEY, ascii_json
from chat4all_local.simulators.store import Store

_KEPT: Final = 20_000
_CONTENT: Final[dict[str, JsonObject]] = {
    "location": {"location": {"latitude": -23.5505, "longitude": -46.6333}},
    "contact": {"contact": {"phone_number": "+5511987654321", "first_name": "Ana"}},
    "sticker": {
        "sticker": {
            "file_id": "CAAC",
            "file_unique_id": "AgAH",
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
    },
}


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
        customer: Customer,
        sender: JsonObject,
        text: str | None,
        at: float,
        *,
        quoted: str | None = None,
        file: JsonObject | None = None,
    ) -> JsonObject:
        """Add a message between the bot and `customer`, and return it in the Message shape.

        With `file`, `text` is the caption.
        """
        self._last_id += 1
        message: JsonObject = {
            "message_id": self._last_id,
            "from": sender,
            "chat": chat_of(customer),
            "date": int(at),
        }
        if quoted is not None and (known := self.quoted(customer, quoted)):
            message["reply_to_message"] = {k: v for k, v in known.items() if k != "reply_to_message"}
        message |= file or {}
        if text is not None:
            message["text" if file is None else "caption"] = text
        self._known.put(str(self._last_id), _Known(customer.address, message))
        return message

    def edit(self, address: str, message_id: str, text: str, at: float) -> JsonObject | None:
        """Change the text or the caption of a message. Returns None if the message is not in the chat."""
        message = self.find(address, message_id)
        if message is None:
            return None
        edited = message | {"edit_date": int(at), "text" if "text" in message else "caption": text}
        self._known.put(message_id, _Known(address, edited))
        return edited

    def find(self, address: str, message_id: str) -> JsonObject | None:
        known = self._known.get(message_id)
        return known.message if known and known.address == address else None

    @property
    def _forgotten_until(self) -> int:
        """The highest message id that is not in the history any more."""
        return int(next(iter(self._known), self._last_id + 1)) - 1

    def quoted(self, customer: Customer, message_id: str) -> JsonObject | None:
        """Find a message of the chat.

        A forgotten message, such as an earlier process's, is reduced to its id.
        """
        known = self.find(customer.address, message_id)
        if known is None and message_id.isdecimal() and 0 < int(message_id) <= self._forgotten_until:
            return {"message_id": int(message_id), "chat": chat_of(customer), "date": 0}
        return known

    def may_quote(self, address: str, message_id: int) -> bool:
        """Return whether the message can be quoted. A forgotten id is assumed to belong to the chat."""
        return 0 < message_id <= self._forgotten_until or self.find(address, str(message_id)) is not None


def update(
    request: InboundRequest,
    customer: Customer,
    history: ChatHistory,
    update_id: int,
    at: float,
    *,
    file: JsonObject | None = None,
) -> Inbound:
    """Build the update about a message that a customer wrote or changed.

    The fields of `raw` replace those of the message. `file` has the Message fields of its file.
    """
    if request.edit_of is not None:
        kind, message = "edited_message", _edited(request, customer, history, at)
    else:
        kind, message = "message", _written(request, customer, history, at, file)
    body = ascii_json({"update_id": update_id, kind: {**message, **(request.raw or {})}})
    return Inbound(str(message["message_id"]), body)


def chat_of(customer: Customer) -> JsonObject:
    chat: JsonObject = {"id": int(customer.address), "first_name": customer.name, "type": "private"}
    return {**chat, "username": customer.handle} if customer.handle else chat


def _person(customer: Customer) -> JsonObject:
    person: JsonObject = {"id": int(customer.address), "is_bot": False, "first_name": customer.name}
    return {**person, "username": customer.handle} if customer.handle else person


def _written(
    request: InboundRequest,
    customer: Customer,
    history: ChatHistory,
    at: float,
    file: JsonObject | None,
) -> JsonObject:
    if request.kind != "text" and request.kind not in _CONTENT and file is None:
        raise ControlError(f"kind `{request.kind}` is not simulated: give its fields as `raw`")
    if request.quoted is not None and history.quoted(customer, request.quoted) is None:
        raise ControlError(f"message {request.quoted} is not in the chat with {customer.address}")
    text = request.text if file is not None else ((request.text or "") if request.kind == "text" else None)
    message = history.add(customer, _person(customer), text, at, quoted=request.quoted, file=file)
    return message | _CONTENT.get(request.kind, {})


def _edited(request: InboundRequest, customer: Customer, history: ChatHistory, at: float) -> JsonObject:
    message = history.edit(customer.address, request.edit_of or "", request.text or "", at)
    if message is None:
        raise ControlError(f"message {request.edit_of} is not in the chat with {customer.address}")
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
