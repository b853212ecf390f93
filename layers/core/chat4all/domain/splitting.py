"""Cutting a text that is too long for a channel into parts that are not."""

import unicodedata

from chat4all.domain.channel import LengthUnit

_ZERO_WIDTH_JOINER = "\u200d"


def split_text(text: str, length: int, unit: LengthUnit) -> list[str]:
    """Cut `text` into parts of at most `length` units, whose concatenation is `text` again.

    A part ends after a line break where one lies in the part's second half, else after a space
    there, else between two characters, and never inside what the reader sees as one: not before a
    combining mark, a joiner or a variation selector, unless a single such cluster is over the limit.
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
    """The best place to cut at or before `end`, in the part's second half."""
    half = start + (end - start) // 2
    for separator in ("\n", " "):
        at = text.rfind(separator, half, end)
        if at != -1:
            return at + 1
    for at in range(end, half, -1):
        if not _joins(text, at):
            return at
    return end


def _joins(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it."""
    character = text[at]
    return (
        text[at - 1] == _ZERO_WIDTH_JOINER
        or character == _ZERO_WIDTH_JOINER
        or unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
