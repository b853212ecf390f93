"""The names of people as others may read them: one line, without signs that could speak for somebody else."""

import unicodedata
from typing import Final

from chat4all.domain.text import beginning

_LOOK_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\U000e0020")
"""Letters and symbols that show nothing: Hangul fillers, the empty Braille pattern."""
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp", "Zs"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""They join emoji, and letters of Persian and of Indian scripts; alone they show nothing."""


def one_line(text: str | None, longest: int) -> str | None:
    """Return the name as one line of at most `longest` characters; None for a name that shows nothing.

    Line breaks and control characters become a space. Marks of direction and other characters without a
    width are taken out, since they can turn the words beside the name around.
    """
    characters = (_shown(character) for character in text or "")
    plain = " ".join("".join(characters).split(" ")).strip()
    line = beginning(" ".join(word for word in plain.split(" ") if word), longest).strip()
    return line if any(_is_visible(character) for character in line) else None


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _BREAKS:
        return " "
    hidden = category in {"Cf", "Cs", "Co"} and character not in _JOINERS
    return "" if hidden else character


def _is_visible(character: str) -> bool:
    if character in _LOOK_BLANK or character in _JOINERS:
        return False
    return unicodedata.category(character)[0] not in {"Z", "C", "M"}
