"""Authenticate the API key of a request, and check its scope (G8)."""

import hashlib
import hmac
import secrets
import string
import threading
import time
from collections.abc import Callable
from typing import Final

from chat4all.domain.api_key import ApiKey
from chat4all.domain.errors import MissingScope, Unauthenticated
from chat4all.services.access.ports import ApiKeys

SCOPES: Final = (
    "messages:read",
    "messages:write",
    "conversations:read",
    "conversations:write",
    "users:read",
    "users:write",
    "identities:verify",
    "channels:read",
    "channels:write",
    "webhooks:read",
    "webhooks:write",
    "webhook-bodies:read",
    "dead-letters:read",
    "dead-letters:write",
    "files:read",
    "files:write",
    "audit:read",
    "search:read",
    "search:write",
    "privacy",
)
KEEP_S: Final = 30.0
"""How many seconds a key is trusted after it was read: a revoked key works for at most so long."""
_PREFIX: Final = "c4a"
_ALPHABET: Final = frozenset(string.ascii_letters + string.digits + "-_")
_MOST: Final = 1_000


def new_key(name: str, scopes: frozenset[str], created_at: str) -> tuple[str, ApiKey]:
    """Make a key, and the record of it that is stored.

    The key itself is shown once and never stored.
    """
    unknown = scopes - set(SCOPES)
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}; known are: {', '.join(SCOPES)}")
    key_id = secrets.token_hex(4)
    key = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    return key, ApiKey(key_id, hash_key(key), name, scopes, created_at)


def hash_key(key: str) -> str:
    """Return the SHA-256 in hex. A key has 256 random bits, so it needs no salt and no stretching."""
    return hashlib.sha256(key.encode()).hexdigest()


class Authenticate:
    def __init__(self, keys: ApiKeys, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, ApiKey]] = {}
        self._lock = threading.Lock()

    def __call__(self, presented: str | None, scope: str) -> ApiKey:
        """Return the API key behind `presented`.

        Raises:
            Unauthenticated: the key is missing, unknown or disabled.
            Forbidden: the key lacks `scope`.
        """
        if not presented:
            raise Unauthenticated("An API key is needed: send it as X-API-Key, or as Authorization: Bearer.")
        key = self._find(presented)
        if scope not in key.scopes:
            raise MissingScope(f"The key lacks the scope {scope}.")
        return key

    def _find(self, presented: str) -> ApiKey:
        if not presented.startswith(_PREFIX) or not _ALPHABET.issuperset(presented):
            raise Unauthenticated("The key is not valid.")
        key_hash = hash_key(presented)
        kept = self._kept.get(key_hash)
        if kept is not None and self._monotonic() - kept[0] < KEEP_S:
            return kept[1]
        key = self._keys.get(key_hash)
        if key is None or key.disabled or not hmac.compare_digest(key.key_hash, key_hash):
            raise Unauthenticated("The key is not valid.")
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[key_hash] = (self._monotonic(), key)
        return key
