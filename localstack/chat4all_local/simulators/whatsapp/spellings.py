"""The spellings of a phone number that WhatsApp takes for the same person."""

from typing import Final

_CHANGED: Final = (("521", "52", 12), ("549", "54", 12))
"""Mexico and Argentina: how a mobile number begins with its 1 or 9 and without, and its digits without."""


def other_spelling(digits: str) -> str:
    """Return the number with what a country has added or taken away; any other number as it is.

    That is Brazil's ninth digit, Mexico's 1 and Argentina's 9. WhatsApp delivers to both spellings, and
    answers with the `wa_id` that the customer is registered under.
    """
    for long, short, length in _CHANGED:
        if digits.startswith(long) and len(digits) == length + 1:
            return short + digits[len(long) :]
        if digits.startswith(short) and len(digits) == length:
            return long + digits[len(short) :]
    return _other_brazilian_spelling(digits)


def _other_brazilian_spelling(digits: str) -> str:
    """Return a Brazilian mobile number with its ninth digit removed or added."""
    if len(digits) == 13 and digits.startswith("55") and digits[4] == "9":
        return digits[:4] + digits[5:]
    if len(digits) == 12 and digits.startswith("55"):
        return digits[:4] + "9" + digits[4:]
    return digits
