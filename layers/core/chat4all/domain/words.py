"""Divide texts into the words by which they are found.

A word is written in one way, however a text writes it: decomposed by compatibility (NFKD), without cases,
without marks, and without signs that nobody sees, such as the marks of a direction. A few letters that
Unicode does not decompose stand for the letters that people type instead of them.

Letters, marks and digits belong to a word, and everything else ends it. Scripts that do not write spaces, and
Korean, whose words take endings, are found by pairs of letters: `東京都` by `東京` and `京都`.
https://www.unicode.org/reports/tr29/#Word_Boundaries names these scripts.
"""

import unicodedata
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST_WORD: Final = 64
"""Letters by which a word is found; the others are ignored."""
MOST_WORDS: Final = 200
"""Different words of a text by which it is found: its first ones."""
SHORT_ENDING: Final = 4
SHORTEST_BEGINNING: Final = 3
"""Letters from which on the last word of a query may be the beginning of a word."""
LONG_ENDING: Final = 8
"""Digits by which a longer number is found."""

_OTHERWISE: Final = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ی": "ي", "ک": "ك", "ـ": ""}
)
"""Letters without a decomposition, and what people type in their place. The last one only stretches words."""
_ENDS_A_WORD: Final = "\u200b"
"""The space of no width, which Thai and Khmer write between words, is a sign that nobody sees, too."""
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Thai and Lao, Burmese, Khmer, kana, Chinese characters, and Hangul: https://www.unicode.org/charts/"""
_VARIATIONS: Final = range(0xFE00, 0xFE10)


class Script(Enum):
    """How the letters of a run are found."""

    SPACED = "words"
    UNSPACED = "pairs of letters"


class Run(NamedTuple):
    """Letters that stand together, in the one way in which they are written.

    `places` has the place in the text of each letter: several letters may come from one.
    """

    letters: str
    places: tuple[int, ...]
    script: Script

    @property
    def is_number(self) -> bool:
        return self.letters.isascii() and self.letters.isdigit()

    @property
    def end(self) -> int:
        """Return the place after the last letter."""
        return self.places[-1] + 1


def readable(text: str) -> str:
    """Return the text with composed letters (NFC), to whose characters the places of runs refer."""
    return unicodedata.normalize("NFC", text)


def runs_of(text: str) -> Iterator[Run]:
    """Yield the runs of a `readable` text, in their order."""
    letters: list[str] = []
    places: list[int] = []
    current: Script | None = None
    for place, character in enumerate(text):
        folded, script = _folded(character)
        if script is None and folded:
            continue
        if letters and script is not current:
            yield _run(letters, places, current)
            letters, places = [], []
        current = script
        if script is not None:
            letters.extend(folded)
            places.extend([place] * len(folded))
    if letters:
        yield _run(letters, places, current)


def words_of(text: str) -> frozenset[str]:
    """Return the words by which a text is found, at most `MOST_WORDS`."""
    found: dict[str, None] = {}
    for run in runs_of(readable(text)):
        for word in index_words(run):
            found[word] = None
            if len(found) == MOST_WORDS:
                return frozenset(found)
    return frozenset(found)


def index_words(run: Run) -> Iterator[str]:
    """Yield the words of a run by which a text is found; a single letter of a spaced script is none."""
    if run.script is Script.UNSPACED:
        yield from pairs_of(run.letters)
        if len(run.letters) > 1:
            yield run.letters[-1]  # a letter is found as the beginning of a pair, or as the last one
    elif run.is_number:
        yield from (run.letters[-ending:] for ending in _endings(len(run.letters)))
    elif len(run.letters) > 1:
        yield run.letters[:LONGEST_WORD]


def pairs_of(letters: str) -> Iterator[str]:
    """Yield the pairs of letters; a letter that stands alone is yielded as it is."""
    if len(letters) == 1:
        yield letters
    for number in range(len(letters) - 1):
        yield letters[number : number + 2]


def beginning_of(word: str) -> str | None:
    """Return the letters that lead to a word which the last word of a query begins; None: nothing does."""
    if _is_unspaced(word):
        return word[0]
    return word[:SHORTEST_BEGINNING] if len(word) >= SHORTEST_BEGINNING and not word.isdigit() else None


def ending_of(number: str) -> str:
    """Return the digits by which the numbers that end with `number` are found."""
    return number[-_endings(len(number))[-1] :]


def _endings(digits: int) -> tuple[int, ...]:
    if digits < SHORT_ENDING:
        return (digits,)
    return (SHORT_ENDING,) if digits < LONG_ENDING else (SHORT_ENDING, LONG_ENDING)


def _run(letters: list[str], places: list[int], script: Script | None) -> Run:
    return Run("".join(letters), tuple(places), script or Script.SPACED)


@lru_cache(maxsize=8192)
def _folded(character: str) -> tuple[str, Script | None]:
    """Return the letters of a character and their script.

    ("", None): it ends a word. (the character, None): it is ignored.
    """
    category = unicodedata.category(character)
    is_unseen = category == "Cf" or ord(character) in _VARIATIONS
    if character == _ENDS_A_WORD or not (is_unseen or category[0] in "LMN"):
        return "", None
    digit = unicodedata.decimal(character, None)
    letters = str(digit) if digit is not None else _letters(character)
    if is_unseen or not letters:
        return character, None
    return letters, Script.UNSPACED if _is_unspaced(letters) else Script.SPACED


def _is_unspaced(letters: str) -> bool:
    return any(first <= ord(letters[0]) <= last for first, last in _UNSPACED)


def _letters(character: str) -> str:
    """Return the letters of a character: folding them again changes nothing."""
    letters, before = character, ""
    while letters != before:
        before = letters
        plain = unicodedata.normalize("NFKD", letters).casefold().translate(_OTHERWISE)
        parts = unicodedata.normalize("NFKD", plain)
        kept = (part for part in parts if not unicodedata.combining(part))
        letters = unicodedata.normalize("NFC", "".join(part for part in kept if _is_letter(part)))
    return letters


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" and ord(character) not in _VARIATIONS
