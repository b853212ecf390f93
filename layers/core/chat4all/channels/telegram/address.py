"""The names of chats, topics, business connections and messages on Telegram.

A chat is a signed number, negative for groups and channels: https://core.telegram.org/bots/api#chat

A bot numbers its messages, and another bot begins anew: the date of a message tells the messages of two bots
apart. So `chat_id:message_id@date` names a message; an edit has the date of its message. The messages of a
business connection are numbered by the connected person, whichever bot is connected, and Telegram reports
their deletion without a date: `chat_id:message_id` names them.
"""

import re
from typing import Final

from chat4all.domain.errors import Detail, Invalid

GENERAL_TOPIC: Final = "1"
"""The topic of the messages without a topic. It cannot be named in a request."""
_DIRECT: Final = "direct:"
BUSINESS: Final = "business:"
"""The beginning of the name of an account in the chats of a business connection."""
_CHAT_ID: Final = re.compile(r"-?[1-9][0-9]{0,18}")
_MESSAGE_ID: Final = re.compile(r"(-?[1-9][0-9]{0,18}):([0-9]{1,19})(?:@[0-9]{1,12})?")
_LAST_DATE: Final = 10**12 - 1


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


def topic_number(thread: str | None) -> int | None:
    """Return the number of a topic as a request names it; None for the General topic."""
    return None if thread is None or thread == GENERAL_TOPIC else _positive(thread)


def direct_thread(number: int) -> str:
    """Return the thread of one person's direct messages to a channel."""
    return f"{_DIRECT}{number}"


def direct_number(thread: str | None) -> int | None:
    """Return the number of a topic of direct messages; None for other threads."""
    is_direct = thread is not None and thread.startswith(_DIRECT)
    return _positive(thread.removeprefix(_DIRECT)) if thread and is_direct else None


def business_account(connection_id: str) -> str:
    """Return the name of our account in a person's chats that a business connection opens to our bot."""
    return f"{BUSINESS}{connection_id}"


def business_connection(account: str | None) -> str | None:
    """Return the id of the business connection that an account stands for, if the account is no bot."""
    is_business = account is not None and account.startswith(BUSINESS)
    return account.removeprefix(BUSINESS) if account and is_business else None


def message_name(chat_id: int | str, message_id: int, date: int | None, account: str | None = None) -> str:
    """Return the name of a message in a chat of `account`; None stands for the bot's own chats."""
    is_dated = date is not None and 0 < date <= _LAST_DATE and business_connection(account) is None
    return f"{chat_id}:{message_id}@{date}" if is_dated else f"{chat_id}:{message_id}"


def message_number(name: str | None, chat_id: str) -> int | None:
    """Return the number of the message `name`; None if the message is not in the chat `chat_id`."""
    match = _MESSAGE_ID.fullmatch(name or "")
    return int(match[2]) if match and match[1] == chat_id else None


def _positive(text: str) -> int | None:
    number = int(text) if is_address(text) else 0
    return number if number > 0 else None
