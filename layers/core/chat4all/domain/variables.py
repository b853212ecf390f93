"""The variables of a batch: `Hello {{name}}` has other words for each recipient.

Every text of a content may have variables: the text itself, titles and ids of buttons, rows and cards,
addresses, names of places and contacts, and the values of a template. A file, and the name and the language
of a template, are the same for all recipients.

A name has letters, digits and underscores. The words of a recipient are taken as they are: braces in them
name no variable.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from chat4all.domain.content import (
    AlbumFile,
    Content,
    Media,
    PostedAlbumFile,
    PostedContent,
    PostedMedia,
)
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.kinds import HeaderFile, Template
from chat4all.domain.text import shortened

C = TypeVar("C", bound=Content)

LONGEST_NAME: Final = 64
_OPENS, _CLOSES = "{{", "}}"
_SAME_FOR_ALL: Final[Mapping[type, frozenset[str]]] = {
    Media: frozenset({"file"}),
    PostedMedia: frozenset({"file_id"}),
    AlbumFile: frozenset({"file"}),
    PostedAlbumFile: frozenset({"file_id"}),
    HeaderFile: frozenset({"file_id", "file"}),
    Template: frozenset({"name", "language", "category"}),
}


def names_in(content: Content | PostedContent | str, field: str = "content") -> dict[str, list[str]]:
    """Return the names of the variables of `field` by the field that has them, each once, in their order.

    Raises Invalid about the field if double braces stand around anything else: the customers would read it.
    """
    found: dict[str, list[str]] = {}

    def note(text: str, at: str) -> str:
        if names := list(dict.fromkeys(name for _, name in _pieces(text, at) if name)):
            found[at] = names
        return text

    _changed(content, note, field)
    return found


def filled(content: C, variables: Mapping[str, str]) -> C:
    """Return the content with the words of a recipient; `variables` has every name."""

    def fill(text: str, at: str) -> str:
        return "".join(before + (variables[name] if name else "") for before, name in _pieces(text, at))

    changed: C = _changed(content, fill, "content")
    return changed


def _changed(value: Any, change: Callable[[str, str], str], field: str) -> Any:  # noqa: ANN401 - any field of a content
    """Return `value` with its texts changed, at any depth. `change` gets a text and its field."""
    if type(value) is str:
        return change(value, field) if _OPENS in value else value
    if isinstance(value, tuple):
        return tuple(_changed(item, change, f"{field}[{index}]") for index, item in enumerate(value))
    if isinstance(value, dict):
        return {name: _changed(item, change, f"{field}.{shortened(name)}") for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        kept = _SAME_FOR_ALL.get(type(value), frozenset())
        names = [name for name in value.__struct_fields__ if name not in kept]
        changes = {name: _changed(getattr(value, name), change, f"{field}.{name}") for name in names}
        return msgspec.structs.replace(value, **changes)
    return value


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
