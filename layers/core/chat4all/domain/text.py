"""The rules for texts: lengths and forbidden characters."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from chat4all.domain.errors import Detail, Invalid

MAX_CHARACTERS: Final = 10_000
LONGEST_QUOTE: Final = 200
"""Characters of a stranger's text that an error, a log line or a stored reason repeats."""


_INVISIBLE: Final = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]*+"
)
"""White space, and the characters that show nothing: Default_Ignorable_Code_Point of Unicode, the blank
Braille pattern, and the place of an object. https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt

Telegram counts the last two as spaces, and answers that a text of U+200B is empty:
https://github.com/tdlib/td/blob/master/td/telegram/misc.cpp, https://github.com/telegramdesktop/tdesktop/issues/3145
"""


def is_blank(text: str) -> bool:
    """Return whether the text shows nothing, so that a provider takes it for empty."""
    return _INVISIBLE.fullmatch(text) is not None


def shortened(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Cut `text` to `longest` code points; an ellipsis at the end marks a text that was longer."""
    return text if len(text) <= longest else beginning(text, longest - 1) + "…"


def beginning(text: str, longest: int) -> str:
    """Return the beginning of `text`, of at most `longest` code points.

    The cut is between two extended grapheme clusters, which a reader sees as characters: letters with their
    accents, joined emoji, flags. A cluster is cut only if it exceeds the limit alone.
    Source: https://unicode.org/reports/tr29/
    """
    if len(text) <= longest:
        return text
    # The first code point behind the limit tells whether the cluster before it ends there.
    ends = (end for end in _cluster_ends(text[: longest + 1]) if end <= longest)
    return text[: max(ends, default=longest)]


def beginning_in_bytes(text: str, most_bytes: int) -> str:
    """Return the beginning of `text`, of at most `most_bytes` as UTF-8, cut as in `beginning`."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    return beginning(text, len(data[:most_bytes].decode(errors="ignore")))


def ending(text: str, longest: int) -> str:
    """Return the end of `text`, of at most `longest` code points, cut as in `beginning`."""
    if len(text) <= longest:
        return text
    first = len(text) - longest
    return text[next((end for end in _cluster_ends(text) if first <= end < len(text)), first) :]


def _cluster_ends(text: str) -> Iterator[int]:
    from wcwidth import iter_graphemes  # noqa: PLC0415  # only a text that is too long needs it

    return accumulate(map(len, iter_graphemes(text)))


def check_content(field: str, text: str) -> str:
    """Return `text`; raise Invalid if it is blank, too long, or has a NUL or a lone surrogate."""
    if not text.strip():
        raise Invalid("The message's content is not valid.", Detail(field, "must not be empty"))
    if is_blank(text):
        raise Invalid("The message's content is not valid.", Detail(field, "must have a visible character"))
    return check_caption(field, text)


def check_caption(field: str, text: str) -> str:
    """Return the caption of a file; raise Invalid as `check_content` does, but allow a blank caption."""
    issue = _issue(text)
    if issue:
        raise Invalid("The message's content is not valid.", Detail(field, issue))
    return text


def check_plain(field: str, text: str, longest: int) -> str:
    """Return a short text, as a name; raise Invalid unless it has 1 to `longest` characters, none NUL."""
    if not text.strip() or len(text) > longest or unprintable(text):
        raise Invalid(
            f"{field} is not valid.", Detail(field, f"must be 1 to {longest} characters without NUL")
        )
    return text


def _issue(content: str) -> str | None:
    if len(content) > MAX_CHARACTERS:
        return f"must be at most {MAX_CHARACTERS} characters, not {len(content)}"
    if unprintable(content):
        return "must not contain NUL or lone surrogates"
    return None


def unprintable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)
