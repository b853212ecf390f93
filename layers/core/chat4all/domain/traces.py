"""Find the texts of a stored event that name a person, whatever the event is.

An event is JSON, the form of a webhook, or a text. Each of its texts and numbers is compared as a whole, and
so is each part of a text between colons, spaces and bars: the name of a queue's group has an address there.
"""

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from chat4all.domain.fingerprints import Fingerprint

_LEAST: Final = 3
"""Characters of the shortest address."""
_LONGEST: Final = 300
_DEEPEST: Final = 4
"""How many times an event may stand as a text in another."""


class Traces:
    """What names a person: the ids of their users, and the fingerprints of their addresses."""

    def __init__(
        self, user_ids: Collection[str], known_as: Collection[str], fingerprint: Fingerprint
    ) -> None:
        self._user_ids = frozenset(user_ids)
        self._known_as = frozenset(known_as)
        self._fingerprint = fingerprint

    def are_in(self, event: bytes) -> bool:
        """Return whether the event names the person."""
        return any(map(self.name, set(texts_in(event))))

    def name(self, text: str) -> bool:
        """Return whether the text is an id or an address of the person."""
        is_short = _LEAST <= len(text) <= _LONGEST
        return is_short and (text in self._user_ids or self._fingerprint(text) in self._known_as)


def texts_in(event: bytes) -> Iterator[str]:
    """Yield the texts and numbers of an event, and the parts of its texts."""
    text = event.decode(errors="replace")
    for value in _values(text, 0):
        yield value
        yield from _parts(value)


def _parts(text: str) -> Iterator[str]:
    spaced = text.replace(":", " ").replace("|", " ")
    if len(text) <= _LONGEST and " " in spaced:
        yield from spaced.split()


def _values(text: str, depth: int) -> Iterator[str]:
    try:
        yield from _leaves(msgspec.json.decode(text), depth)
    except (msgspec.DecodeError, RecursionError):
        yield text
        yield from (_unquoted(part) for field in text.split("&") for part in field.split("="))


def _unquoted(text: str) -> str:
    """Return a value of a form as it was typed, as far as an address goes: it has ASCII characters only."""
    first, *others = text.replace("+", " ").split("%")
    return first + "".join(map(_character, others))


def _character(escaped: str) -> str:
    try:
        return chr(int(escaped[:2], 16)) + escaped[2:]
    except ValueError:
        return f"%{escaped}"


def _leaves(value: object, depth: int) -> Iterator[str]:
    match value:
        case dict():
            for name, part in value.items():
                yield str(name)
                yield from _leaves(part, depth)
        case list():
            for part in value:
                yield from _leaves(part, depth)
        case str() if depth < _DEEPEST and value[:1] in {"{", "["}:
            yield from _values(value, depth + 1)
        case str() | int() | float():
            yield str(value)
