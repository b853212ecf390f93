"""The users under each hint, and the pairs of users of whom somebody said that they are two people.

A hint is an entry of the table `directory` and of its index `by-address`, where its users share a key.
"""

from collections.abc import Collection, Iterable
from typing import Final

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import key, name_of
from chat4all.domain.hints import Hint

_HINT: Final = "HINT"
_PAIR: Final = "PAIR"
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
        found = HintRow.by_hint.query(_hint_key(hint), limit=_MOST)
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
    return [HintRow(f"{_hint_key(hint)}#{user_id}", address_key=_hint_key(hint)) for hint in hints]


def _hint_key(hint: Hint) -> str:
    return key(_HINT, hint.kind.value, hint.value)


def _pair_key(user_id: str, other_id: str) -> str:
    return key(_PAIR, *sorted((user_id, other_id)))
