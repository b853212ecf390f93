"""The rules for texts: lengths and forbidden characters."""

from typing import Final

from chat4all.domain.errors import Detail, Invalid

MAX_CHARACTERS: Final = 10_000
LONGEST_QUOTE: Final = 200
"""Characters of a stranger's text that an error, a log line or a stored reason repeats."""


def shortened(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Cut `text` to `longest` characters; an ellipsis at the end marks a text that was longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def check_content(field: str, text: str) -> str:
    """Return `text`; raise Invalid if it is blank, too long, or has a NUL or a lone surrogate."""
    if not text.strip():
        raise Invalid("The message's content is not valid.", Detail(field, "must not be empty"))
    return check_caption(field, text)


def check_caption(field: str, text: str) -> str:
    """Return the caption of a file; raise Invalid as `check_content` does, but allow a blank caption."""
    issue = _issue(text)
    if issue:
        raise Invalid("The message's content is not valid.", Detail(field, issue))
    return text


def check_plain(field: str, text: str, longest: int) -> str:
    """Return a short text, as a name; raise Invalid unless it has 1 to `longest` characters, none NUL."""
    if not text.strip() or len(text) > longest or _unprintable(text):
        raise Invalid(
            f"{field} is not valid.", Detail(field, f"must be 1 to {longest} characters without NUL")
        )
    return text


def _issue(content: str) -> str | None:
    if len(content) > MAX_CHARACTERS:
        return f"must be at most {MAX_CHARACTERS} characters, not {len(content)}"
    if _unprintable(content):
        return "must not contain NUL or lone surrogates"
    return None


def _unprintable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)
