"""People who block our bot, and who unblock it.

In a private chat, Telegram sends `my_chat_member` only then; in a group it is about the bot's membership.
https://core.telegram.org/bots/api#update
https://core.telegram.org/bots/api#chatmemberupdated
"""

from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.webhooks import ABSENT, moment
from chat4all.channels.telegram.parts import party
from chat4all.domain.consent import ConsentState, Means
from chat4all.domain.events import InboundConsent
from chat4all.domain.purpose import Purpose

_STATES: Final = {"kicked": ConsentState.OPTED_OUT, "member": ConsentState.OPTED_IN}
"""https://core.telegram.org/bots/api#chatmember"""


class _Member(Struct, frozen=True):
    status: str


class _Update(Struct, frozen=True):
    new_chat_member: _Member
    chat: Raw = ABSENT
    date: Raw = ABSENT


class _DocumentedChat(Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    type: str
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_bot: bool | None = None
    is_forum: bool | None = None


class _DocumentedUser(Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_premium: bool = False
    added_to_attachment_menu: bool = False


class _DocumentedMember(Struct, frozen=True, forbid_unknown_fields=True):
    status: str
    user: _DocumentedUser | None = None
    until_date: int = 0


class _Documented(Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    chat: _DocumentedChat
    sender: _DocumentedUser
    date: int
    old_chat_member: _DocumentedMember
    new_chat_member: _DocumentedMember


def has_more(part: Raw) -> bool:
    """Return whether an update has fields that its page does not name, or other values in them."""
    return decoded(part, _Documented) is None


def block_event(part: Raw) -> InboundConsent | None:
    """Return that the person of a private chat blocked or unblocked our bot; None for any other update."""
    update = decoded(part, _Update)
    chat = party(update.chat) if update else None
    state = _STATES.get(update.new_chat_member.status) if update else None
    if update is None or chat is None or state is None or not chat.is_person:
        return None
    return InboundConsent(
        address=chat.address,
        purposes=(Purpose.MARKETING,),
        state=state,
        at=moment(update.date),
        evidence="my_chat_member",
        means=Means.BLOCK,
    )
