"""The request that marks a person's message as read, with the sign that our side types or without it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read
https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
"""

from typing import Final

import msgspec

from chat4all.channels.shared.answers import ACT_NOT_POSSIBLE, can_be_quoted
from chat4all.domain.acts import Deleting, Editing, MarkingRead, ProviderAct, Typing
from chat4all.domain.sending import Outcome, SendError

_UNKNOWN: Final = SendError(
    Outcome.PERMANENT, "TARGET_UNKNOWN", "WhatsApp's id of the person's message is not known."
)


class _Indicator(msgspec.Struct, frozen=True):
    type: str


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    messaging_product: str
    status: str
    message_id: str
    typing_indicator: _Indicator | None = None


def reading_of(act: ProviderAct) -> Reading | SendError | None:
    """Return the body of the request; None for the end of typing, which no request tells."""
    match act:
        case MarkingRead(provider_message_id=name):
            return _reading(name, None)
        case Typing(is_on=False):
            return None
        case Typing(provider_message_id=name):
            return _reading(name or "", _Indicator("text"))
        case Editing() | Deleting():
            return ACT_NOT_POSSIBLE


def _reading(name: str, indicator: _Indicator | None) -> Reading | SendError:
    is_known = name and can_be_quoted(name)
    return Reading("whatsapp", "read", name, indicator) if is_known else _UNKNOWN
