"""The users under each hint, and the pairs of users whose suggestion a request has dismissed.

A hint is an entry of the table `directory` and of its index `by-address`, where its users share a key.
"""

import math
from collections.abc import Collection, Iterable
from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import key, name_of, shard
from chat4all.domain.hints import Hint, HintKind

_HINT: Final = "HINT"
_PAIR: Final = "PAIR"
_NAME_SHARDS: Final = 8
"""For 3,000 new customers of one name a second: a full index would hold up the writes of the table."""
_MOST: Final = 50
"""The most users of a hint who are looked at: what more people share says little."""


class _ByHint(GlobalSecondaryIndex["HintRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-address"
        projection = KeysOnlyProjection()

    address_key = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)


class HintRow(Model):
    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    address_key = UnicodeAttribute()
    by_hint = _ByHint()


class PairRow(Model):
    """Two users who are two people, whatever the hints say."""

    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    dismissed_at = UnicodeAttribute()


class DynamoHints:
    def __init__(self, table_name: str) -> None:
        bind(table_name, HintRow, PairRow)

    @answering
    def users_of(self, hint: Hint) -> list[str]:
        each = math.ceil(_MOST / _shards(hint))
        found = (
            row
            for hint_key in (_hint_key(hint, number) for number in range(_shards(hint)))
            for row in HintRow.by_hint.query(hint_key, limit=each)
        )
        return [name_of(row.entry_id) for row in found]

    @answering
    def dismissed(self, user_id: str, others: Collection[str]) -> set[str]:
        pairs = {_pair_key(user_id, other): other for other in others}
        rows = PairRow.batch_get(list(pairs), consistent_read=True) if pairs else ()
        return {pairs[row.entry_id] for row in rows}

    @answering
    def dismiss(self, user_id: str, other_id: str, at: str) -> None:
        PairRow(_pair_key(user_id, other_id), dismissed_at=at).save()


def hint_rows(hints: Iterable[Hint], user_id: str) -> list[HintRow]:
    """Return the rows that list the user under the hints."""
    keys = (_hint_key(hint, shard(user_id, _shards(hint))) for hint in hints)
    return [HintRow(f"{hint_key}#{user_id}", address_key=hint_key) for hint_key in keys]


def _hint_key(hint: Hint, number: int) -> str:
    return key(_HINT, hint.kind.value, hint.value, str(number))


def _shards(hint: Hint) -> int:
    return _NAME_SHARDS if hint.kind is HintKind.NAME else 1


def _pair_key(user_id: str, other_id: str) -> str:
    return key(_PAIR, *sorted((user_id, other_id)))
