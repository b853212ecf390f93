"""The address of a person on WhatsApp: a phone number, or a business-scoped user id (BSUID).

A BSUID, such as `BR.1502576394655843`, stands for a hidden phone number.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

import re
from typing import Final

from chat4all.domain.errors import Detail, Invalid

_E164: Final = re.compile(r"[1-9][0-9]{6,14}")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_BRAZILIAN_MOBILE_WITHOUT_NINE: Final = re.compile(r"(55[1-9]{2})([6-9][0-9]{7})")


def canonical(address: str) -> str:
    """Return the digits of a phone number, without `+`, or the user id; raise Invalid for other texts.

    Mobile numbers in Brazil got a ninth digit, 9, before the other eight. WhatsApp knows many people by the
    number without it, and accepts both. The address is the number as people dial it.
    """
    if is_user_id(address.strip()):
        return address.strip()
    digits = address.replace(" ", "").removeprefix("+")
    if not _E164.fullmatch(digits):
        issue = "must be a phone number with its country code, or a user id such as BR.1502576394655843"
        raise Invalid("The address is no WhatsApp address.", Detail("address", issue))
    short = _BRAZILIAN_MOBILE_WITHOUT_NINE.fullmatch(digits)
    return f"{short[1]}9{short[2]}" if short else digits


def is_user_id(address: str) -> bool:
    return _USER_ID.fullmatch(address) is not None


def first_canonical(*candidates: str | None) -> str | None:
    """Return the first candidate that is an address, in its canonical spelling."""
    for candidate in candidates:
        try:
            if candidate:
                return canonical(candidate)
        except Invalid:
            continue
    return None
