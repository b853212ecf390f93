"""The keys of the workspace: random, made at their first use, kept for ever.

A key signs the cursors of the lists of a function. Each of the two functions with lists keeps a key of its
own in a table that it writes anyway. Another key makes the fingerprints of addresses.
"""

import secrets
from collections.abc import Callable
from typing import Final

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, saved
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.fingerprints import Fingerprint, fingerprint

_NAME: Final = "CURSOR-KEY"
_FINGERPRINTS: Final = "FINGERPRINT-KEY"
_BYTES: Final = 32


class _OfDirectory(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    secret = BinaryAttribute(legacy_encoding=False)


class _OfWebhooks(Model):
    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    secret = BinaryAttribute(legacy_encoding=False)


class DynamoCursorKey:
    """The key of a function, read once in the life of the process."""

    def __init__(self, new: Callable[[bytes], _OfDirectory | _OfWebhooks], unknown: Condition) -> None:
        """`new` makes the row with this key; `unknown` is the condition that nobody has saved the row."""
        self._new = new
        self._unknown = unknown
        self._known: bytes | None = None

    @answering
    def __call__(self) -> bytes:
        """Return the key; make it, if nobody has made it yet."""
        if self._known is None:
            row = self._new(secrets.token_bytes(_BYTES))
            if not _refreshed(row) and not saved(row, self._unknown):
                row.refresh(consistent_read=True)
            self._known = row.secret
        return self._known


def key_in_directory(table_name: str, name: str = _NAME) -> DynamoCursorKey:
    bind(table_name, _OfDirectory)
    return DynamoCursorKey(
        lambda secret: _OfDirectory(key(name), secret=secret), _OfDirectory.entry_id.does_not_exist()
    )


def fingerprints(directory_table: str) -> Fingerprint:
    """Return the function that makes fingerprints; it reads the key of the workspace at its first use."""
    known = key_in_directory(directory_table, _FINGERPRINTS)
    return lambda text: fingerprint(known(), text)


def key_in_webhooks(table_name: str) -> DynamoCursorKey:
    bind(table_name, _OfWebhooks)
    return DynamoCursorKey(
        lambda secret: _OfWebhooks(key(_NAME), _NAME, secret=secret), _OfWebhooks.partition.does_not_exist()
    )


def _refreshed(row: _OfDirectory | _OfWebhooks) -> bool:
    """Read the row; return False, and leave it as it is, if nobody has saved it."""
    try:
        row.refresh(consistent_read=True)
    except row.DoesNotExist:
        return False
    return True
