"""Phone numbers as people and providers spell them, and the one spelling by which a person is known.

A person may be known by several spellings of a number; the address is the number as people dial it today:

- Brazil: mobile numbers got a ninth digit, 9, before the other eight. WhatsApp knows many people by the
  number without it.
- Mexico: since August 2019 no 1 follows the country code of a mobile number; WhatsApp still writes it.
- Argentina: from abroad a 9 follows the country code of a mobile number, and the 15 before it is left out.

libphonenumber has the prefixes for calls within a country, as in `+49 (0)151`, and Argentina's 15. Its data
no longer has Mexico's 1, and takes Argentina's numbers without the 9 for fixed lines. It is imported only for
a number that may need it, since its import takes 11 to 60 ms of a cold start. A number that the library does
not know stays as it is: the library may be older than the numbers of a country.

https://github.com/google/libphonenumber/blob/master/FAQ.md
"""

import re
import unicodedata
from typing import Final

import msgspec

E164: Final = re.compile(r"[1-9][0-9]{6,14}")
_SCHEME: Final = "tel:"
_PLUS: Final = frozenset("+\uff0b")
_BETWEEN: Final = frozenset("./()[]\u2212\uff0e\uff0f\uff08\uff09")
"""What people write between digits, beside spaces, dashes and marks without a width."""
_BETWEEN_CATEGORIES: Final = frozenset({"Zs", "Pd", "Cf"})

_BRAZILIAN_MOBILE_WITHOUT_NINE: Final = re.compile(r"(55[1-9]{2})([6-9][0-9]{7})")
_MEXICAN_WITH_ONE: Final = re.compile(r"521([1-9][0-9]{9})")
_ARGENTINIAN_WITHOUT_NINE: Final = re.compile(r"54([1-8][0-9]{9})")


class Spelled(msgspec.Struct, frozen=True):
    """A number as it was spelled: its digits, and whether `+` or `00` stood before them."""

    digits: str
    is_international: bool


def spelled(text: str) -> Spelled | None:
    """Return the digits of a number, also if they are full-width or Arabic; None for another text.

    The text may begin with `tel:`, and with `+` or `00`. Spaces of all kinds, dashes, dots, slashes,
    parentheses, and the marks of direction that phones copy with a number may stand between the digits.
    """
    plain = _between_removed(text)
    plain = plain[len(_SCHEME) :] if plain.lower().startswith(_SCHEME) else plain
    has_plus = plain[:1] in _PLUS and plain != ""
    digits = _digits(plain[1:] if has_plus else plain)
    if not digits:
        return None
    if digits.startswith("00") and not has_plus:
        return Spelled(digits[2:], is_international=True)
    return Spelled(digits, is_international=has_plus)


def canonical_digits(text: str) -> str | None:
    """Return the digits of a phone number in the one spelling; None if the text is no number in E.164."""
    number = spelled(text)
    if number is None or not E164.fullmatch(number.digits):
        return None
    return _as_dialled_today(_without_own_prefix(number.digits))


def valid_digits(text: str) -> str | None:
    """Return the digits of a number with its country code if its country has given it out, else None.

    Without `+` or `00` the country of a number is unknown: `030 1234` is in each city another person's. The
    digits stay as they were typed, without a country's own prefix: WhatsApp knows some people in Brazil by
    their number without the 9, and in Mexico with the 1 (https://github.com/netflie/whatsapp-cloud-api/issues/39).
    """
    number = spelled(text)
    digits = canonical_digits(text)
    if number is None or not number.is_international or digits is None:
        return None
    import phonenumbers  # noqa: PLC0415 (see above)

    try:
        is_valid = phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return None
    return _without_own_prefix(number.digits) if is_valid else None


def _between_removed(text: str) -> str:
    return "".join(
        character
        for character in text
        if character not in _BETWEEN and unicodedata.category(character) not in _BETWEEN_CATEGORIES
    )


def _digits(text: str) -> str:
    """Return decimal digits of any script as ASCII; an empty text if a character is none."""
    digits = [unicodedata.decimal(character, None) for character in text]
    return "" if None in digits else "".join(str(digit) for digit in digits)


def _without_own_prefix(digits: str) -> str:
    """Return the number without the prefix of its country's own calls, however often it stands there."""
    if not digits.startswith("54") and "0" not in digits[1:4]:
        # Neither Argentina, nor a 0 where the prefix of a country's own calls would stand.
        return digits
    import phonenumbers  # noqa: PLC0415 (see above)

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return digits
    dialled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    if len(dialled) >= len(digits) or not E164.fullmatch(dialled):
        # Only Argentina's 15 is replaced by a prefix, the 9: the number is one digit shorter then.
        return digits
    return _without_own_prefix(dialled)


def _as_dialled_today(digits: str) -> str:
    if brazilian := _BRAZILIAN_MOBILE_WITHOUT_NINE.fullmatch(digits):
        return f"{brazilian[1]}9{brazilian[2]}"
    if mexican := _MEXICAN_WITH_ONE.fullmatch(digits):
        return f"52{mexican[1]}"
    if argentinian := _ARGENTINIAN_WITHOUT_NINE.fullmatch(digits):
        return f"549{argentinian[1]}"
    return digits
