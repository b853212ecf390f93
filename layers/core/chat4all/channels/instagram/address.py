"""The address of a person on Instagram: the digits of an Instagram-scoped id (IGSID).

https://developers.facebook.com/docs/instagram-messaging
"""

import re
from typing import Final

from chat4all.domain.errors import Detail, Invalid

_IGSID: Final = re.compile(r"[0-9]{1,32}")


def canonical(address: str) -> str:
    """Return the digits of an Instagram-scoped id; raises Invalid."""
    digits = address.strip()
    if not is_address(digits):
        raise Invalid(
            "The address is no Instagram address.",
            Detail("address", "must be the digits of an Instagram-scoped id"),
        )
    return digits


def is_address(text: str) -> bool:
    return _IGSID.fullmatch(text) is not None
