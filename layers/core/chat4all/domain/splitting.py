"""Cut a text that is too long for a channel into parts that the channel takes."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from chat4all.domain.channel import LengthUnit


def split_text(text: str, length: int, unit: LengthUnit) -> list[str]:
    """Cut `text` into parts of at most `length` units, whose concatenation is `text` again.

    A part ends after the last line break in its second half, else after the last space there, else between
    two extended grapheme clusters. A grapheme cluster is what a reader sees as a character; it is cut only if
    it exceeds the limit alone. Source: https://unicode.org/reports/tr29/
    """
    if unit.measure(text) <= length:
        return [text]
    parts: list[str] = []
    part: list[str] = []
    used = 0
    for piece in _pieces(text, length, unit):
        size = unit.measure(piece)
        while used + size > length and part:
            end = _best_end(part)
            parts.append("".join(part[:end]))
            part = part[end:]
            used = sum(map(unit.measure, part))
        part.append(piece)
        used += size
    return [*parts, "".join(part)]


def _pieces(text: str, length: int, unit: LengthUnit) -> Iterator[str]:
    """Yield the grapheme clusters of `text`, and the characters of a cluster that is over the limit."""
    from wcwidth import iter_graphemes  # noqa: PLC0415  # only a text that is too long needs it

    for cluster in iter_graphemes(text):
        if unit.measure(cluster) <= length:
            yield cluster
        else:
            yield from cluster


def _best_end(part: list[str]) -> int:
    """Return how many pieces of a full part to keep: up to a break or space in its second half, else all."""
    ends = list(accumulate(map(len, part)))
    first = bisect_right(ends, ends[-1] // 2)
    for separators in ({"\n", "\r\n"}, {" "}):
        for at in range(len(part) - 1, first - 1, -1):
            if part[at] in separators:
                return at + 1
    return len(part)
