"""The address of a person on SMS: a phone number in E.164 with its `+`, or the short code of a service.

https://www.twilio.com/docs/glossary/what-e164
https://www.twilio.com/docs/glossary/what-is-a-short-code
"""

from typing import Final

from chat4all.channels.shared.phones import canonical_digits, spelled
from chat4all.domain.errors import Detail, Invalid

_SHORT_CODE_DIGITS: Final = range(3, 7)


def canonical(address: str) -> str:
    """Return `+` and the digits of a phone number, or the digits of a short code; else raise Invalid."""
    digits = canonical_digits(address)
    if digits is not None:
        return f"+{digits}"
    number = spelled(address)
    if number and not number.is_international and len(number.digits) in _SHORT_CODE_DIGITS:
        return number.digits
    raise Invalid(
        "The address is no SMS address.",
        Detail("address", "must be a phone number with its country code, such as +5511987654321"),
    )


def known_address(sender: str) -> str | None:
    """Return the canonical address of a sender, if a message can be sent back to it.

    A sender may also be a name, such as SUPPORT, which takes no answer:
    https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
    """
    try:
        return canonical(sender)
    except Invalid:
        return None
