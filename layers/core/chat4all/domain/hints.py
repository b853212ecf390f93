"""Hints that two customers are one person: the same phone number, e-mail address, handle, or a like name.

A hint leads to candidates, and may be stale or too generous. What counts is what both users have now.
"""

import unicodedata
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.person import Identity, User

LONGEST_HINT: Final = 200
"""Characters of a hint that are compared."""
_MOST_NAMES: Final = 3
"""The longest words of a name, which the fewest people share."""
_PHONE_DIGITS: Final = range(7, 16)
"""E.164 has at most 15 digits: https://www.itu.int/rec/T-REC-E.164. A short code is nobody's phone."""
_LIKE: Final = 0.8
"""Names that are less alike say nothing."""


class HintKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    HANDLE = "handle"
    NAME = "name"


_WEIGHTS: Final = {HintKind.PHONE: 0.95, HintKind.EMAIL: 0.95, HintKind.HANDLE: 0.8, HintKind.NAME: 0.6}
"""The score of a reason that stands alone."""


class Hint(msgspec.Struct, frozen=True):
    kind: HintKind
    value: str


class Suggestion(msgspec.Struct, frozen=True):
    """A customer who may be the same person, with a score over 0 and under 1, and the reasons for it."""

    user_id: str
    display_name: str
    score: float
    reasons: tuple[Hint, ...]


def hints_of(user: User) -> frozenset[Hint]:
    """Return the hints under which the user is found, among them each address that may be a phone number."""
    found = {hint for identity in user.identities for hint in hints_of_identity(identity)}
    found.update(_email(user))
    return frozenset(found) | hints_of_name(user.display_name)


def hints_of_name(name: str) -> frozenset[Hint]:
    return frozenset(Hint(HintKind.NAME, word) for word in sorted(_names(name), key=len)[-_MOST_NAMES:])


def hints_of_identity(identity: Identity) -> frozenset[Hint]:
    phones = (number for text in (identity.phone, identity.address) for number in _phone(text))
    handles = (Hint(HintKind.HANDLE, handle) for handle in _handle(identity))
    return frozenset((*(Hint(HintKind.PHONE, number) for number in phones), *handles))


def suggestion(user: User, other: User, phone_channels: Collection[str]) -> Suggestion | None:
    """Return the other user as a suggestion; None if nothing speaks for one person.

    The addresses on `phone_channels` are phone numbers.
    """
    same = _known(user, phone_channels) & _known(other, phone_channels)
    reasons = sorted(same, key=lambda hint: (-_WEIGHTS[hint.kind], hint.value))
    doubt = 1.0
    for hint in reasons:
        doubt *= 1 - _WEIGHTS[hint.kind]
    likeness = _likeness(user.display_name, other.display_name)
    if likeness >= _LIKE:
        reasons.append(Hint(HintKind.NAME, other.display_name))
        doubt *= 1 - _WEIGHTS[HintKind.NAME] * likeness
    if not reasons:
        return None
    return Suggestion(other.user_id, other.display_name, min(round(1 - doubt, 3), 0.999), tuple(reasons))


def _known(user: User, phone_channels: Collection[str]) -> set[Hint]:
    found = set(_email(user))
    for identity in user.identities:
        address = identity.address if identity.channel in phone_channels else None
        phones = (number for text in (identity.phone, address) for number in _phone(text))
        found.update(Hint(HintKind.PHONE, number) for number in phones)
        found.update(Hint(HintKind.HANDLE, handle) for handle in _handle(identity))
    return found


def _phone(text: str | None) -> Iterator[str]:
    """Yield the digits of a phone number with its country code, however it is written."""
    digits = "".join(character for character in text or "" if character in "0123456789")
    others = set(text or "") - set("0123456789+()-./ ")
    if len(digits) in _PHONE_DIGITS and not others:
        yield digits


def _email(user: User) -> Iterator[Hint]:
    email = user.metadata.get("email", "").strip().casefold()[:LONGEST_HINT]
    if "@" in email.strip("@"):
        yield Hint(HintKind.EMAIL, email)


def _handle(identity: Identity) -> Iterator[str]:
    handle = (identity.handle or "").strip().lstrip("@").casefold()[:LONGEST_HINT]
    if handle:
        yield handle


def _names(name: str) -> list[str]:
    """Return the words of a name without accents and cases, in one order."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = (character for character in plain if not unicodedata.combining(character))
    kept = "".join(character if character.isalnum() else " " for character in letters)
    return sorted({word[:LONGEST_HINT] for word in kept.split() if len(word) > 1 and not word.isdigit()})


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1, whatever the order of their words."""
    first, second = " ".join(_names(one)), " ".join(_names(other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio() if first and second else 0.0
