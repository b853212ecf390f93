"""One-time codes that verify an identity: who enters the code has read what was sent to the address.

A code has six digits, so that whoever reads its hash could try all of them. The hash is slow on purpose: a
million tries take hours of a processor, and the code ends after ten minutes.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.person import Identity, User

DIGITS: Final = 6
VALID_FOR: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
MOST_CODES: Final = 3
"""The most codes in `WITHIN` for one identity."""
WITHIN: Final = timedelta(hours=1)
PAUSE: Final = timedelta(seconds=30)
"""The least time between two codes for one identity."""
MOST_OF_ACCOUNT: Final = 500
"""The most codes in an hour that leave from one account of ours.

Whoever requests codes for many numbers of a costly network ("SMS pumping") ends here.
"""
PLACEHOLDER: Final = "{code}"
LONGEST_TEXT: Final = 500
LONGEST_ENTRY: Final = 64

_DELIVERIES: Final = "verification"
"""Stands in the delivery's id of a code for the channel. No channel has this name."""
_BETWEEN: Final = frozenset({"Zs", "Cf", "Pd"})
"""The categories of characters that people write between digits: spaces, marks of direction, dashes."""
_ID_LENGTH: Final = 32
_SALT_BYTES: Final = 16

NewCode = Callable[[], str]
"""Returns a random code of six digits."""


class SentCode(msgspec.Struct, frozen=True):
    """A code of the last hour: `name` is the random half of its id.

    A code `counts` for the limit of the hour unless nobody knows whether the provider took it.
    """

    name: str
    at: str
    counts: bool = True


class Verification(msgspec.Struct, frozen=True):
    """The latest code for an identity; it ends the codes before it.

    `linked_at` is when the user got the identity: the code proves nothing about a later link.
    """

    user_id: str
    linked_at: str
    codes: tuple[SentCode, ...]
    """The codes of the last hour that count, and the latest one last, whether or not it counts."""
    expires_at: str
    hash: str
    """`<salt>:<hash>` in hex; empty: the code was not sent."""
    tries: int = 0
    confirmed_at: str | None = None

    @property
    def name(self) -> str:
        return self.codes[-1].name


def subject_of(fingerprint: Fingerprint, place: tuple[str, str, str]) -> str:
    """Return the half of an id that all codes for an identity share.

    It is keyed: there are so few phone numbers that a hash without a key is found by trying all of them. A
    fingerprint overlooks cases, so that it is made of a hash of the address.
    """
    return fingerprint(hashlib.sha256("\0".join(place).encode()).hexdigest())[:_ID_LENGTH]


def verification_id(subject: str, name: str) -> str:
    return f"{subject}{name}"


def halves_of(id_: str) -> tuple[str, str]:
    """Return the subject and the name of a verification's id, whatever the text is."""
    return id_[:_ID_LENGTH], id_[_ID_LENGTH:]


def wait_of(before: Verification | None, now: datetime) -> timedelta | None:
    """Return how long to wait before the next code for the identity; None: it may be sent now."""
    if before is None:
        return None
    counted = _counted(before, now)
    waits = [parse_iso(before.codes[-1].at) + PAUSE - now]
    if len(counted) >= MOST_CODES:
        waits.append(parse_iso(counted[-MOST_CODES].at) + WITHIN - now)
    longest = max(waits)
    return min(longest, WITHIN) if longest > timedelta() else None


def begun(
    user: User, identity: Identity, before: Verification | None, code: SentCode, hash_: str
) -> Verification:
    """Return the verification of a code that is sent now."""
    now = parse_iso(code.at)
    codes = (*_counted(before, now), code)
    return Verification(user.user_id, identity.linked_at, codes, iso(now + VALID_FOR), hash_)


def failed(verification: Verification, *, counts: bool) -> Verification:
    """Return the verification after its code was not sent, as far as we know: the code has ended."""
    last = verification.codes[-1]
    codes = (*verification.codes[:-1], replace(last, counts=counts))
    return replace(verification, codes=codes, hash="", expires_at=last.at)


def _counted(before: Verification | None, now: datetime) -> list[SentCode]:
    codes = before.codes if before is not None else ()
    return [code for code in codes if code.counts and parse_iso(code.at) > now - WITHIN]


def is_open(verification: Verification, now: datetime) -> bool:
    return bool(verification.hash) and now < parse_iso(verification.expires_at)


def hashed(code: str, salt: bytes) -> str:
    return f"{salt.hex()}:{_slow_hash(code, salt)}"


def matches(code: str, hash_: str) -> bool:
    """Compare in constant time."""
    salt, _, known = hash_.partition(":")
    return hmac.compare_digest(_slow_hash(code, bytes.fromhex(salt)), known)


def _slow_hash(code: str, salt: bytes) -> str:
    """Hash the code, in some 40 ms and 16 MB: https://cheatsheetseries.owasp.org (Password Storage)."""
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


def entered(text: str) -> str:
    """Return the code that somebody entered, in ASCII digits.

    People copy `123 456` or `123-456`, and keyboards have digits of their own, such as the Arabic-Indic.

    Raises:
        Invalid: the text has not six digits.
    """
    kept = (character for character in text if not _is_between(character))
    digits = [unicodedata.decimal(character, None) for character in kept]
    if len(digits) != DIGITS or None in digits:
        raise Invalid("The code is not valid.", Detail("code", f"must be {DIGITS} digits"))
    return "".join(map(str, digits))


def _is_between(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _BETWEEN


def text_of(code: str, wording: str | None, sender: str | None) -> str:
    """Return the text of the message with the code; `sender` is the name of our account, if it is known."""
    if wording is not None:
        return wording.replace(PLACEHOLDER, code)
    named = f" for {sender}" if sender else ""
    minutes = VALID_FOR // timedelta(minutes=1)
    return f"{code} is your code{named}. It is valid for {minutes} minutes. Do not share it with anybody."


def wording_issue(wording: str) -> str | None:
    """Return why a client's wording cannot be sent, if it cannot."""
    if wording.count(PLACEHOLDER) != 1:
        return f"must have {PLACEHOLDER} once, where the code stands"
    return None


def identity_of(fingerprint: Fingerprint, user: User, subject: str, linked_at: str) -> Identity | None:
    """Return the identity that a code is about, if the user has had it since the code was sent."""
    return next(
        (
            known
            for known in user.identities
            if known.linked_at == linked_at and subject_of(fingerprint, known.place) == subject
        ),
        None,
    )


def verified(identities: Sequence[Identity], place: tuple[str, str, str], at: str) -> tuple[Identity, ...]:
    """Return the identities with the one at `place` verified."""
    return tuple(replace(known, verified_at=at) if known.place == place else known for known in identities)


def delivery_id_of(name: str, user_id: str) -> DeliveryId:
    """Return the id that travels with a code, so that the provider's reports of it can be told."""
    return DeliveryId(name, user_id, _DELIVERIES, 0)


def is_of_code(delivery_id: DeliveryId) -> bool:
    """Return whether the id is of a code, which has no delivery."""
    return delivery_id.channel == _DELIVERIES
