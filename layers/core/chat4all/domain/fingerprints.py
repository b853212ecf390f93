"""Keyed fingerprints of addresses: the key tests a known address, and no fingerprint reveals its address."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

Fingerprint = Callable[[str], str]
"""Makes the fingerprint of a text under the key of the workspace."""
_DIGITS: Final = 32


def fingerprint(key: bytes, text: str) -> str:
    """Return 32 hexadecimal digits, the same for all spellings of an address."""
    return hmac.new(key, plain(text).encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:_DIGITS]


def plain(text: str) -> str:
    """Return an address, a phone number or a handle without what only some of its spellings have."""
    return text.strip().lstrip("+@").casefold()


def told(make: Fingerprint, text: str) -> str:
    """Return what the audit trail tells of an address: its fingerprint, and its last two characters."""
    return f"{make(text)}…{text[-2:]}"
