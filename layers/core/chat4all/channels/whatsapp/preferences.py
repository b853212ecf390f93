"""What people set in WhatsApp: to stop the marketing messages of a business, or to resume them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
The failure of a marketing template to such a person is 131050.
"""

from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.webhooks import ABSENT, moment
from chat4all.channels.whatsapp.address import person_addresses
from chat4all.domain.consent import ConsentState, Means
from chat4all.domain.events import InboundConsent
from chat4all.domain.purpose import Purpose

_STATES: Final = {"stop": ConsentState.OPTED_OUT, "resume": ConsentState.OPTED_IN}


class _Preference(Struct, frozen=True):
    category: str
    value: str
    wa_id: Raw = ABSENT
    user_id: Raw = ABSENT
    parent_user_id: Raw = ABSENT
    timestamp: Raw = ABSENT


class _Documented(Struct, frozen=True, forbid_unknown_fields=True):
    category: str
    value: str
    detail: str = ""
    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    timestamp: int | None = None


def has_more(part: Raw) -> bool:
    """Return whether a preference has fields that its page does not name, or other values in them."""
    return decoded(part, _Documented) is None


def preference_event(part: Raw, account: str | None) -> InboundConsent | None:
    """Return the event of a preference; None for another category or value, or if it names no person."""
    preference = decoded(part, _Preference)
    if preference is None or preference.category != "marketing_messages":
        return None
    state = _STATES.get(preference.value)
    names = (preference.wa_id, preference.user_id, preference.parent_user_id)
    addresses = person_addresses(*(decoded(name, str) for name in names))
    if state is None or not addresses:
        return None
    address, *aliases = addresses
    return InboundConsent(
        address=address,
        purposes=(Purpose.MARKETING,),
        state=state,
        at=moment(preference.timestamp),
        evidence="user_preferences",
        means=Means.SETTING,
        account=account,
        aliases=tuple(aliases),
    )
