"""The files that customers sent, kept for Chat4All to fetch. Their addresses are signed and expire.

The shelf keeps the seed of a generated file, and the bytes of a given file.
"""

import hashlib
import hmac
import secrets
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerMedia, KeptMedia
from chat4all_local.simulators.customer_media import sha256_of, size_of

_KEPT: Final = 10_000


class ShelfItem(msgspec.Struct, frozen=True):
    """A customer's file; `address` is the customer's, `size` is in bytes."""

    media_id: str
    address: str
    media: CustomerMedia
    size: int
    received_at: float

    @property
    def sha256(self) -> str:
        return sha256_of(self.media)

    def kept(self) -> KeptMedia:
        return KeptMedia(self.media_id, self.size, self.sha256)


class MediaShelf:
    """The latest files of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._items = account.store.table("files", ShelfItem, _KEPT)
        self._key = account.store.table("key of files", bytes).get_or_put("key", secrets.token_bytes(32))

    def put(self, media_id: str, address: str, media: CustomerMedia, at: float) -> ShelfItem:
        item = ShelfItem(media_id, address, media, size_of(media), at)
        self._items.put(media_id, item)
        return item

    def find(self, media_id: str) -> ShelfItem | None:
        return self._items.get(media_id)

    def expiry(self, at: float) -> int:
        """Return the expiry of an address that is given out at `at`, in epoch milliseconds."""
        return int((at + self._account.settings.media_url_valid_s) * 1000)

    def signature(self, media_id: str, expiry: int) -> str:
        return hmac.new(self._key, f"{media_id}.{expiry}".encode(), hashlib.sha256).hexdigest()

    def is_good(self, media_id: str, expiry: str, signature: str, at: float) -> bool:
        """Return whether this shelf gave out an address with these parts, and the address has not expired."""
        if not expiry.isdecimal() or at * 1000 >= int(expiry):
            return False
        return hmac.compare_digest(self.signature(media_id, int(expiry)), signature)
