"""Make download links: a link lets anybody download its file for 24 hours.

Only the hash of a link is stored.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock
from chat4all.domain.public_addresses import AddressOf
from chat4all.services.files.ports import Files

VALID_FOR: Final = timedelta(hours=24)
_TOKEN_BYTES: Final = 32


class DownloadLinks:
    def __init__(self, files: Files, address_of: AddressOf, clock: Clock) -> None:
        self._files = files
        self._address_of = address_of
        self._clock = clock

    def link(self, file_id: str) -> str:
        """Make a link to the file, and return its address."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires_at = int((self._clock() + VALID_FOR).timestamp())
        self._files.add_link(hash_token(token), file_id, expires_at)
        return self._address_of(f"/v1/links/{token}")


def hash_token(token: str) -> str:
    """Return the SHA-256 in hex. A token has 256 random bits, so it needs no salt and no stretching."""
    return hashlib.sha256(token.encode()).hexdigest()
