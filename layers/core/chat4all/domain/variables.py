"""The variables of a batch's text: `Hello {{name}}` has other words for each recipient.

A name has letters, digits and underscores. The words of a recipient are taken as they are: braces in them
name no variable.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from chat4all.domain.errors import Detail, Invalid

LONGEST_NAME: Final = 64
_OPENS, _CLOSES = "{{", "}}"


def names_in(text: str, field: str = "content") -> list[str]:
    """Return the names of the variables, each once, in their order.

    Raises Invalid about `field` if double braces stand around anything else: the customers would read it.
    """
    return list(dict.fromkeys(name for _, name in _pieces(text, field) if name))


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with the words of a recipient; `variables` has every name."""
    return "".join(before + (variables[name] if name else "") for before, name in _pieces(text, "content"))


def _pieces(text: str, field: str) -> Iterator[tuple[str, str]]:
    """Yield each variable after the text before it, then the text after the last one with an empty name."""
    begin = 0
    while (opened := text.find(_OPENS, begin)) >= 0:
        closed = text.find(_CLOSES, opened)
        name = text[opened + len(_OPENS) : closed].strip() if closed >= 0 else ""
        if not _is_name(name):
            issue = f"has {_OPENS} that begins no variable, as {_OPENS}name{_CLOSES} does"
            raise Invalid("The text's variables are not valid.", Detail(field, issue))
        yield text[begin:opened], name
        begin = closed + len(_CLOSES)
    yield text[begin:], ""


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.replace("_", "a").isalnum() and name.isascii()
