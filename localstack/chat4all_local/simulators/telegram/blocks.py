"""Customers who block the bot and unblock it.

https://core.telegram.org/bots/api#update, `my_chat_member`: in a private chat only for a block and its end
https://core.telegram.org/bots/api#chatmemberupdated
"""

from typing import Final

from chat4all_local.simulators.control_api import JsonObject
from chat4all_local.simulators.provider import ControlError
from chat4all_local.simulators.telegram.updates import Writing

MEMBER_STATUSES: Final = {"block": ("member", "kicked"), "unblock": ("kicked", "member")}
"""The status of the bot in the chat, before and after what the customer does."""
_BOT: Final[JsonObject] = {"id": 1, "is_bot": True, "first_name": "Bot", "username": "chat4all_bot"}


def block_change(kind: str, writing: Writing, at: float) -> JsonObject:
    """Return the ChatMemberUpdated of a customer who blocks or unblocks the bot. Raises ControlError."""
    if writing.chat.get("type") != "private":
        raise ControlError("a bot is blocked in a private chat only")
    before, now = MEMBER_STATUSES[kind]
    return {
        "chat": writing.chat,
        "from": writing.writer,
        "date": int(at),
        "old_chat_member": _member(before),
        "new_chat_member": _member(now),
    }


def _member(status: str) -> JsonObject:
    until: JsonObject = {"until_date": 0} if status == "kicked" else {}
    return {"user": _BOT, "status": status, **until}
