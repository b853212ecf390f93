"""Answers to choices that went out as numbered text: `2`, `2.`, `2) Later`, or a title.

Where a channel has no buttons, or not so many, a person answers with a number (`domain.wording.as_text`).
"""

import unicodedata
from typing import Final

import msgspec

from chat4all.domain.content import Content
from chat4all.domain.kinds import Buttons, Carousel, Choices

_MOST_DIGITS: Final = 2
"""No provider takes a hundred choices."""
_LONGEST_ANSWER: Final = 200
_LONGEST_TITLE: Final = 24
"""A longer title is answered by its number. WhatsApp's rows have titles of 24 characters."""
_AROUND: Final = " \t\n.:)(#-\u200e\u200f\ufe0f\u20e3"
"""What people write around a number: `(2)`, `#2`, `2️⃣`, and the marks of direction of some keyboards."""


class Option(msgspec.Struct, frozen=True):
    """A choice that the business offered; `option_id` is the payload of a tap on it."""

    option_id: str
    title: str


def options_of(content: Content) -> tuple[Option, ...]:
    """Return the choices of a content in the order of their numbers; none for other contents."""
    match content:
        case Buttons(buttons=buttons):
            return tuple(Option(button.id, button.title) for button in buttons)
        case Choices(rows=rows):
            return tuple(Option(row.id, row.title) for row in rows)
        case Carousel() as carousel:
            # A button that opens an address has no number.
            return tuple(Option(button.id, button.title) for button in carousel.buttons if not button.url)
        case _:
            return ()


def begins_with_number(text: str) -> bool:
    """Return whether the text could be the number of a choice, perhaps with its title."""
    return len(text) <= _LONGEST_ANSWER and _number(text) is not None


def could_be_title(text: str) -> bool:
    """Return whether the text is as short as a title, and on one line."""
    plain = text.strip()
    return len(plain) <= _LONGEST_TITLE and "\n" not in plain


def chosen(text: str, options: tuple[Option, ...]) -> Option | None:
    """Return the choice that the text names by its number, by number and title, or by its whole title.

    A number with other words names none: `2 pizzas` is no answer. Neither does a title of several choices.
    """
    named = [option for option in options if _plain(option.title) == _plain(text)]
    if len(named) == 1:
        return named[0]
    found = _number(text)
    if found is None or named:
        return None
    number, rest = found
    option = options[number - 1] if 1 <= number <= len(options) else None
    return option if option and _plain(rest) in {"", _plain(option.title)} else None


def _number(text: str) -> tuple[int, str] | None:
    """Return the number at the beginning of the text, in digits of any script, and what follows it."""
    stripped = text.strip(_AROUND)
    digits = 0
    while digits < len(stripped) and unicodedata.decimal(stripped[digits], None) is not None:
        digits += 1
    rest = stripped[digits:]
    if not 0 < digits <= _MOST_DIGITS or (rest and rest[0] not in _AROUND):
        return None
    return int(stripped[:digits]), rest.strip(_AROUND)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
