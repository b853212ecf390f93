"""Cutting a text that is too long for a channel into parts that are not."""

import unicodedata

from chat4all.domain.channel import LengthUnit

_ZERO_WIDTH_JOINER = "\u200d"


def split_text(text: str, length: int, unit: LengthUnit) -> list[str]:
    """Cut `text` into parts of at most `length` units, whose concatenation is `text` again.

    A part ends after a line break where one lies in the part's second half, else after a space
    there, else between two characters, and never inside what the reader sees as one: not before a
    combining mark, a joiner, a variation selector, a skin tone, a tag or a flag's second letter, unless a
    single such cluster is over the limit. Source: https://unicode.org/reports/tr29/
    """
    parts = []
    start = 0
    while start < len(text):
        end = _furthest(text, start, length, unit)
        if end < len(text):
            end = _pleasant(text, start, end)
        parts.append(text[start:end])
        start = end
    return parts or [text]


def _furthest(text: str, start: int, length: int, unit: LengthUnit) -> int:
    """The largest end for which text[start:end] fits; at least one character."""
    if unit is LengthUnit.CHARACTERS:
        return min(start + length, len(text))
    used = 0
    for end in range(start, len(text)):
        used += unit.measure(text[end])
        if used > length:
            return max(end, start + 1)
    return len(text)


def _pleasant(text: str, start: int, end: int) -> int:
    """The best place to cut at or before `end`: in the part's second half, unless a cluster is longer."""
    half = start + (end - start) // 2
    for separator in ("\n", " "):
        at = text.rfind(separator, half, end)
        while at != -1:
            if not _joins(text, start, at + 1):
                return at + 1
            at = text.rfind(separator, half, at)
    for at in range(end, start, -1):
        if not _joins(text, start, at):
            return at
    return end


def _joins(text: str, start: int, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it, in a part that begins at `start`."""
    before, character = text[at - 1], text[at]
    return (
        _ZERO_WIDTH_JOINER in {before, character}
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or (before == "\r" and character == "\n")
        or (_is_flag_letter(character) and _flag_letters_before(text, start, at) % 2 == 1)
    )


def _is_flag_letter(character: str) -> bool:
    """Two of them make a flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_letters_before(text: str, start: int, at: int) -> int:
    first = at
    while first > start and _is_flag_letter(text[first - 1]):
        first -= 1
    return at - first
