"""The addresses of WhatsApp: a phone number, a business-scoped user id (BSUID), or a group.

A BSUID, such as `BR.1502576394655843`, stands for a person, whose phone number may be hidden. The address of
a group is `group:` and the group's id.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
https://developers.facebook.com/documentation/business-messaging/whatsapp/groups
"""

import re
from typing import Final

from chat4all.channels.shared.phones import canonical_digits
from chat4all.channels.whatsapp.manifest import GROUP_PREFIX
from chat4all.domain.errors import Detail, Invalid

_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_GROUP: Final = re.compile(GROUP_PREFIX + r"[A-Za-z0-9_=+/.:@-]{1,256}")


def canonical(address: str) -> str:
    """Return the digits of a phone number, a user id, or a group's address; raise Invalid for other texts."""
    stripped = address.strip()
    if is_user_id(stripped) or is_group(stripped):
        return stripped
    digits = canonical_digits(address)
    if digits is None:
        issue = (
            "must be a phone number with its country code, a user id such as BR.1502576394655843, "
            "or `group:` and the id of a group"
        )
        raise Invalid("The address is no WhatsApp address.", Detail("address", issue))
    return digits


def is_user_id(address: str) -> bool:
    return _USER_ID.fullmatch(address) is not None


def is_group(address: str) -> bool:
    return _GROUP.fullmatch(address) is not None


def group_address(group_id: str) -> str | None:
    """Return the address of a group; None for an id that no group has."""
    address = f"{GROUP_PREFIX}{group_id}"
    return address if is_group(address) else None


def person_addresses(*candidates: str | None) -> tuple[str, ...]:
    """Return the different addresses of a person among the candidates, in their order."""
    found: list[str] = []
    for candidate in candidates:
        address = _of_person(candidate) if candidate else None
        if address is not None and address not in found:
            found.append(address)
    return tuple(found)


def phone_of(address: str) -> str | None:
    """Return the phone number of a person's canonical address, with its `+`; None for a user id."""
    return None if is_user_id(address) or is_group(address) else f"+{address}"


def _of_person(candidate: str) -> str | None:
    return candidate if is_user_id(candidate) else canonical_digits(candidate)
