"""A contact as a vCard: https://www.rfc-editor.org/rfc/rfc2426"""

from collections.abc import Iterator
from typing import Final

from chat4all.domain.kinds import Contact

MOST_BYTES: Final = 2048
"""https://core.telegram.org/bots/api#sendcontact"""
_BEGINNING: Final = ("BEGIN:VCARD", "VERSION:3.0")
_END: Final = "END:VCARD"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\r": "", "\n": "\\n"})


def vcard_of(contact: Contact) -> str | None:
    """Return the vCard with as much of the contact as fits; None if a name and a phone number are all."""
    if len(contact.phones) == 1 and not contact.emails and not contact.organization.strip():
        return None
    lines = list(_BEGINNING)
    left = MOST_BYTES - _bytes([*_BEGINNING, _END])
    for line in _lines(contact):
        left -= _bytes([line])
        if left < 0:
            break
        lines.append(line)
    return "".join(f"{line}\r\n" for line in [*lines, _END])


def _lines(contact: Contact) -> Iterator[str]:
    name = contact.name.translate(_ESCAPES)
    yield f"FN:{name}"
    yield f"N:;{name};;;"
    yield from (f"TEL:{phone.translate(_ESCAPES)}" for phone in contact.phones)
    if contact.organization.strip():
        yield f"ORG:{contact.organization.translate(_ESCAPES)}"
    yield from (f"EMAIL:{email.translate(_ESCAPES)}" for email in contact.emails)


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode()) + len("\r\n") for line in lines)
