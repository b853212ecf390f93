"""The request units of DynamoDB, from the items that a request reads, and that it finds and leaves behind.

- A write costs a unit for each KB of the larger of the item before and the item after. A refused write costs
  as much: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
- An index takes a write for an entry that appears, disappears or changes. It takes two for an entry whose key
  changes: the old entry is deleted and a new entry is put.
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
- A read costs a unit for each 4 KB, and half a unit if it need not be consistent.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Mapping[str, object]]
"""The attributes of an item by their names, each as DynamoDB's JSON or as boto3 has it."""

WRITE_BYTES: Final = 1_024
READ_BYTES: Final = 4_096
TRANSACTION: Final = 2
"""A write in a transaction costs two writes."""
_CONTAINER_BYTES: Final = 3
_ELEMENT_BYTES: Final = 1
_SWITCH_BYTES: Final = 1
"""The bytes of a boolean, and of NULL."""


class Index(msgspec.Struct, frozen=True):
    """A global secondary index. `attributes` are projected; None stands for every attribute."""

    keys: tuple[str, ...]
    attributes: frozenset[str] | None

    def entry(self, item: Item | None) -> Item | None:
        """Return the item's entry in the index; None for an item that lacks a key of the index."""
        if item is None or not all(key in item for key in self.keys):
            return None
        if self.attributes is None:
            return item
        return {name: value for name, value in item.items() if name in self.attributes}


class Table(msgspec.Struct, frozen=True):
    keys: tuple[str, ...]
    indexes: tuple[Index, ...]

    def key(self, item: Item) -> Item:
        return {name: item[name] for name in self.keys}


def described(dynamodb: "DynamoDBClient", name: str) -> Table:
    """Ask DynamoDB for the table's keys and indexes."""
    description = dynamodb.describe_table(TableName=name)["Table"]
    keys = tuple(key["AttributeName"] for key in description["KeySchema"])
    return Table(
        keys,
        tuple(
            _index(keys, tuple(key["AttributeName"] for key in index["KeySchema"]), index["Projection"])
            for index in description.get("GlobalSecondaryIndexes", ())
        ),
    )


def _index(table_keys: tuple[str, ...], keys: tuple[str, ...], projection: Mapping[str, object]) -> Index:
    if projection["ProjectionType"] == "ALL":
        return Index(keys, None)
    included = msgspec.convert(projection.get("NonKeyAttributes", ()), tuple[str, ...])
    return Index(keys, frozenset((*table_keys, *keys, *included)))


def write_units(table: Table, before: Item | None, after: Item | None) -> int:
    """Return the units of a write that found the item `before` and left the item `after`."""
    indexes = sum(_index_units(index.entry(before), index.entry(after), index) for index in table.indexes)
    return _kilobytes(before, after) + indexes


def _index_units(before: Item | None, after: Item | None, index: Index) -> int:
    if before == after:
        return 0
    if before is not None and after is not None and any(before[key] != after[key] for key in index.keys):
        return _kilobytes(before) + _kilobytes(after)
    return _kilobytes(before, after)


def _kilobytes(*items: Item | None) -> int:
    largest = max((item_bytes(item) for item in items if item is not None), default=0)
    return max(1, -(-largest // WRITE_BYTES))


def read_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Return the units of one item, or of a query, which adds up its items before it rounds."""
    units = max(1, -(-sum(map(item_bytes, items)) // READ_BYTES))
    return float(units) if consistent else units / 2


def item_bytes(item: Item) -> int:
    """Return the size that DynamoDB charges for.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, object]) -> int:
    ((kind, content),) = value.items()
    match content:
        case bytes():
            return len(content)
        case str():
            return _text_bytes(kind, content)
        case dict():
            entries = [len(name.encode()) + _value_bytes(entry) for name, entry in content.items()]
            return _CONTAINER_BYTES + sum(_ELEMENT_BYTES + size for size in entries)
        case list() if kind == "L":
            return _CONTAINER_BYTES + sum(_ELEMENT_BYTES + _value_bytes(entry) for entry in content)
        case list() | set():
            return sum(_value_bytes({kind[0]: entry}) for entry in content)
    return _SWITCH_BYTES


def _text_bytes(kind: str, text: str) -> int:
    """Return the bytes of a text, of a number, or of binary data in base64, as it is on the wire."""
    if kind == "N":
        digits = text.strip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1 + text.startswith("-")
    if kind == "B":
        return len(text.rstrip("=")) * 3 // 4
    return len(text.encode())
