"""What a bot does with messages that are in a chat: edit, delete, read. And the sign that it types.

Sources, under https://core.telegram.org/bots/api: `#editmessagetext`, `#editmessagecaption`, `#deletemessage`
(48 hours), `#deletemessages`, `#deletebusinessmessages`, `#readbusinessmessage`, `#sendchataction`. The
descriptions of errors are those of https://github.com/tdlib/telegram-bot-api and https://github.com/tdlib/td.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import JsonObject
from chat4all_local.simulators.provider import Accepted, Answer, Order, Refused
from chat4all_local.simulators.telegram.chats import Chats, PlacedOrder, Where
from chat4all_local.simulators.telegram.errors import (
    CAPTION_CHARACTERS,
    error_answer,
    refuse_chat,
    refuse_text,
    result_answer,
)
from chat4all_local.simulators.telegram.kinds import keyboard_fields
from chat4all_local.simulators.telegram.media import FILE_KINDS, NO_CAPTION
from chat4all_local.simulators.telegram.parameters import ParameterError
from chat4all_local.simulators.telegram.updates import ChatHistory

EDIT: Final = "edit"
DELETE: Final = "delete"
READ: Final = "read"
TYPING: Final = "typing"
ACTS: Final = frozenset({EDIT, DELETE, READ, TYPING})
SIGNALS: Final = frozenset({READ, TYPING})
_DELETABLE_S: Final = 48 * 3600
_MOST_DELETED: Final = 100
_WITH_CAPTION: Final = frozenset(FILE_KINDS.values()) - frozenset(NO_CAPTION)
_ACTIONS: Final = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
Parameters = Mapping[str, str]


class Acts:
    """The acts of the bot in its chats. `read` raises ParameterError."""

    def __init__(self, account: Account, chats: Chats, history: ChatHistory) -> None:
        self._account = account
        self._chats = chats
        self._history = history
        self._methods: dict[str, Callable[[Parameters, float], Order | Refused]] = {
            "editmessagetext": lambda given, _at: self._edit(given, "text"),
            "editmessagecaption": lambda given, _at: self._edit(given, "caption"),
            "deletemessage": self._delete_one,
            "deletemessages": lambda given, at: self._delete(given, _numbers(given), at),
            "deletebusinessmessages": lambda given, at: self._delete(given, _numbers(given), at),
            "readbusinessmessage": lambda given, _at: self._read(given),
            "sendchataction": lambda given, _at: self._show(given),
        }

    def read(self, method: str, given: Parameters, at: float) -> Order | Refused | None:
        """Judge a request; return None if the method is none of an act."""
        judge = self._methods.get(method)
        return judge(given, at) if judge is not None else None

    def accept(self, order: Order, at: float) -> Accepted:
        """Carry out an accepted act."""
        name = f"{order.kind}:{order.address}:{order.quoted}"
        if not isinstance(order, PlacedOrder) or order.kind in SIGNALS:
            return Accepted(order, name, result_answer(result=True), ())
        if order.kind == DELETE:
            for number in (order.quoted or "").split(","):
                self._history.remove(order.address, number)
            return Accepted(order, name, result_answer(result=True), ())
        message = self._history.change(order.address, order.quoted or "", order.fields, at)
        return Accepted(order, name, result_answer(message), ())

    def _edit(self, given: Parameters, field: str) -> Order | Refused:
        number, text = given.get("message_id", ""), given.get(field, "")
        order = self._order(given, EDIT, number, text)
        markup = keyboard_fields(dict(given))
        refusal = refuse_chat(order) or self._chats.refuse(order.where)
        if refusal is None and field == "text":
            refusal = refuse_text(order)
        elif refusal is None and len(text) > CAPTION_CHARACTERS:
            refusal = error_answer(400, "Bad Request: message caption is too long")
        refusal = refusal or self._refuse_edit(order, field, text, markup)
        fields: JsonObject = {field: text, "reply_markup": markup.get("reply_markup")}
        return _judged(msgspec.structs.replace(order, fields=fields), refusal)

    def _refuse_edit(self, order: Order, field: str, text: str, markup: JsonObject) -> Answer | None:
        message = self._history.find(order.address, order.quoted or "")
        if message is None:
            return error_answer(400, "Bad Request: message to edit not found")
        sender = message.get("from")
        if not isinstance(sender, dict) or not sender.get("is_bot"):
            return error_answer(400, "Bad Request: message can't be edited")
        if field == "text" and "text" not in message:
            return error_answer(400, "Bad Request: there is no text in the message to edit")
        if field == "caption" and not message.keys() & _WITH_CAPTION:
            return error_answer(400, "Bad Request: there is no caption in the message to edit")
        is_same = (message.get(field) or "") == text
        if is_same and message.get("reply_markup") == markup.get("reply_markup"):
            description = (
                "message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
            return error_answer(400, f"Bad Request: {description}")
        return None

    def _delete_one(self, given: Parameters, at: float) -> Order | Refused:
        number = given.get("message_id", "")
        if self._history.find(given.get("chat_id", ""), number) is None:
            order = self._order(given, DELETE, number)
            refusal = refuse_chat(order) or error_answer(400, "Bad Request: message to delete not found")
            return Refused(refusal, order=order)
        return self._delete(given, [number], at)

    def _delete(self, given: Parameters, numbers: list[str], at: float) -> Order | Refused:
        """Judge a deletion. Messages that are not found are skipped."""
        chat_id = given.get("chat_id", "")
        if "business_connection_id" in given:
            known = (self._history.chat_of(number) for number in numbers)
            chat_id = next((chat for chat in known if chat is not None), "")
            given = {**given, "chat_id": chat_id}
        order = self._order(given, DELETE, ",".join(numbers))
        refusal = refuse_chat(order) or self._chats.refuse(order.where)
        messages = [self._history.find(chat_id, number) for number in numbers]
        if refusal is None and any(message is not None and _is_old(message, at) for message in messages):
            refusal = error_answer(400, "Bad Request: message can't be deleted for everyone")
        return _judged(order, refusal)

    def _read(self, given: Parameters) -> Order | Refused:
        number = given.get("message_id", "")
        order = self._order(given, READ, number)
        refusal = refuse_chat(order) or self._chats.refuse(order.where)
        if not order.where.connection_id:
            refusal = error_answer(400, "Bad Request: business connection not found")
        elif refusal is None and self._history.find(order.address, number) is None:
            refusal = error_answer(400, "Bad Request: message not found")
        return _judged(order, refusal)

    def _show(self, given: Parameters) -> Order | Refused:
        action = given.get("action", "")
        order = self._order(given, TYPING, None, action)
        refusal = refuse_chat(order) or self._chats.refuse(order.where)
        if action not in _ACTIONS:
            refusal = error_answer(400, "Bad Request: wrong parameter action in request")
        return _judged(order, refusal)

    def _order(
        self, given: Parameters, named: str, number: str | None, text: str | None = None
    ) -> PlacedOrder:
        chat_id = given.get("chat_id", "")
        return PlacedOrder(
            address=chat_id,
            text=text,
            input=chat_id,
            quoted=number,
            customer=self._account.customers.get(chat_id),
            where=Where(chat_id, given.get("message_thread_id", ""), given.get("business_connection_id", "")),
            named=named,
        )


def _judged(order: Order, refusal: Answer | None) -> Order | Refused:
    return Refused(refusal, order=order) if refusal is not None else order


def _numbers(given: Parameters) -> list[str]:
    try:
        numbers = msgspec.json.decode(given.get("message_ids", ""), type=list[int])
    except msgspec.DecodeError:
        raise ParameterError("can't parse message identifiers JSON array") from None
    if not 0 < len(numbers) <= _MOST_DELETED:
        raise ParameterError("message identifiers are not specified" if not numbers else "too many messages")
    return [str(number) for number in numbers]


def _is_old(message: JsonObject, at: float) -> bool:
    date = message.get("date")
    return isinstance(date, int) and at - date > _DELETABLE_S
