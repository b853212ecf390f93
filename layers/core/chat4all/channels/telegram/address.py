"""The names of chats and messages on Telegram.

A chat is a signed number, negative for groups: https://core.telegram.org/bots/api#chat
A message's number is unique only within its chat, so `chat_id:message_id` names it.
"""

import re
from typing import Final

from chat4all.domain.errors import Detail, Invalid

_CHAT_ID: Final = re.compile(r"-?[1-9][0-9]{0,18}")
_MESSAGE_ID: Final = re.compile(r"(-?[1-9][0-9]{0,18}):([0-9]{1,19})")


def canonical(address: str) -> str:
    """Return the number of a chat; raise Invalid for other texts, also for a @username, which may change."""
    number = address.strip()
    if not is_address(number):
        raise Invalid(
            "The address is no Telegram address.", Detail("address", "must be the numeric id of a chat")
        )
    return number


def is_address(text: str) -> bool:
    return _CHAT_ID.fullmatch(text) is not None


def message_name(chat_id: int | str, message_id: int) -> str:
    return f"{chat_id}:{message_id}"


def message_number(name: str | None, chat_id: str) -> int | None:
    """Return the number of the message `name`; None if the message is not in the chat `chat_id`."""
    match = _MESSAGE_ID.fullmatch(name or "")
    return int(match[2]) if match and match[1] == chat_id else None
