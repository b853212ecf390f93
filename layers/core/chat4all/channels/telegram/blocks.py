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
from chat4all.domain.consent import ConsentState
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
        blocked=True,
    )
