"""Random choices from a seed, and marks: unique texts by which what a webhook holds is found again."""

import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

Json = Any
"""Any JSON value."""

NOBODY: Final = 0
"""The number that stands in the place of a message's in the marks of parts in which nobody says anything."""

T = TypeVar("T")

_MARK: Final = re.compile(r"zq([0-9a-f]+)k[0-9a-f]+q")
# fmt: off
_WORDS: Final = (
    "hello", "Grüße", "¿dónde?", "你好", "مرحبا", "שלום", "नमस्ते", "안녕", "👩‍👩‍👧 🇧🇷", "a\nb",
    "<b>&amp;</b>", "%s {0}", "\\u0041",
)
# fmt: on
_BEGINNING: Final = 1_795_900_000
"""A time in November 2026, in Unix seconds."""


class Draw:
    """A source of random choices, which are the same for the same seed."""

    def __init__(
        self, seed: str, first: int = 1, *, account_id: str = "", files_at: str = "https://files.example"
    ) -> None:
        """Set the first number, our account's id if it is not the usual one, and where people's files lie."""
        self.account_id = account_id
        self.files_at = files_at
        self.random = random.Random(seed)  # noqa: S311 - the same webhooks for the same seed
        self._numbers = self._messages = first

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def choice(self, values: Sequence[T]) -> T:
        return self.random.choice(values)

    def number(self) -> int:
        """Return a number that no other message of the run has."""
        self._numbers += 1
        return self._numbers

    def message(self) -> int:
        """Return the number of a new message, under which its marks are counted."""
        self._messages += 1
        return self._messages

    def mark(self, message: int) -> str:
        return f"zq{message:x}k{self.number():x}q"

    def words(self, message: int) -> str:
        """Return words with a mark of the message."""
        return f"{self.choice(_WORDS)} {self.mark(message)}"

    def moment(self) -> int:
        """Return a time in Unix seconds."""
        return _BEGINNING + self.random.randrange(90_000)

    def some(self, **fields: Callable[[], Json]) -> dict[str, Json]:
        """Return some of the optional fields."""
        return {name: make() for name, make in fields.items() if self.chance(0.2)}


def marks_in(text: str) -> set[str]:
    return {found[0] for found in _MARK.finditer(text)}


def message_of(mark: str) -> int:
    """Return the number of the message that a mark belongs to."""
    found = _MARK.fullmatch(mark)
    assert found is not None, mark
    return int(found[1], 16)
