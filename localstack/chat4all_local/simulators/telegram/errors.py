"""The Bot API's answers, successful and failed.

https://core.telegram.org/bots/api#making-requests; the descriptions are those of
https://github.com/tdlib/telegram-bot-api.
"""

from typing import Final

from chat4all_local.simulators.control_api import Json, JsonObject
from chat4all_local.simulators.provider import Answer, Order
from chat4all_local.simulators.shared.signing import ascii_json

TEXT_CHARACTERS: Final = 4096
CAPTION_CHARACTERS: Final = 1024
FLOOD: Final = 429
_BLANKS: Final = (
    " \t\n\r\v\f\x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202e\u202f\u205f\u2800\u3000\ufffc\u200b"
)
"""The last, the zero-width space, alone is empty, too: https://github.com/telegramdesktop/tdesktop/issues/3145"""


def result_answer(result: Json, description: str | None = None) -> Answer:
    body: JsonObject = {"ok": True, "result": result}
    if description is not None:
        body["description"] = description
    return Answer(200, ascii_json(body))


def refuse_text(order: Order) -> Answer | None:
    """Refuse a text that is too long or empty.

    The server strips spaces, and counts some blank characters as such, so a text of them is empty:
    https://github.com/tdlib/td/blob/master/td/telegram/misc.cpp, `strip_empty_characters`
    """
    text = order.text or ""
    if order.media is not None:
        is_long = len(text) > CAPTION_CHARACTERS
        return error_answer(400, "Bad Request: message caption is too long") if is_long else None
    if not text.strip(_BLANKS):
        return error_answer(400, "Bad Request: message text is empty")
    if len(text) > TEXT_CHARACTERS:
        return error_answer(400, "Bad Request: message is too long")
    return None


def refuse_chat(order: Order) -> Answer | None:
    if not order.address:
        return error_answer(400, "Bad Request: chat_id is empty")
    if order.customer is None:
        return error_answer(400, "Bad Request: chat not found")
    if order.customer.blocked:
        return error_answer(403, "Forbidden: bot was blocked by the user")
    return None


def error_answer(
    code: int,
    description: str,
    *,
    status: int | None = None,
    retry_after: int | None = None,
    migrate_to_chat_id: int | None = None,
) -> Answer:
    body: JsonObject = {"ok": False, "error_code": code, "description": description}
    if retry_after is not None:
        body["parameters"] = {"retry_after": retry_after}
    elif migrate_to_chat_id is not None:
        body["parameters"] = {"migrate_to_chat_id": migrate_to_chat_id}
    return Answer(status or code, ascii_json(body), code=code, retry_after=retry_after)
