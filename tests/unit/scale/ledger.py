"""DynamoDB in memory, which notes how many request units each write and read costs, and on which key.

A partition of DynamoDB takes 1,000 write units and 3,000 read units a second. The items of one hash value lie
in one partition, unless DynamoDB splits them by their range key, which it does not promise:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html

The ledger knows the tables of the template, and the update expressions that pynamodb writes. It checks no
condition. `chat4all_local.metering` counts what a request costs; the ledger also tells on which key.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from chat4all_local.metering.units import WRITE_BYTES, item_bytes
from tests.integration.template import STACK, Template

MOST_WRITTEN: Final = 1_000
"""The write units that a partition takes in a second."""
MOST_READ: Final = 3_000
_CLAUSE: Final = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b ?")
_COMMA: Final = re.compile(r", (?![^(]*\))")
_FUNCTION: Final = re.compile(r"(\w+) \((.*)\)")
_HASH: Final = re.compile(r"(#\w+) = (:\w+)")

Item = dict[str, Any]
"""An item as DynamoDB's API writes it: `{"partition": {"S": "…"}}`."""


class Key(NamedTuple):
    """A hash value of a table, or of an index."""

    table: str
    index_name: str
    """The index's name; "" for the table itself."""
    value: str

    @property
    def place(self) -> str:
        """Return the table's name without the stack's, and the name of the index: `messages by-sender`."""
        return f"{self.table.removeprefix(f'{STACK}-')} {self.index_name}".strip()

    @property
    def is_of_one_message(self) -> bool:
        """Return whether all items of the hash value belong to one message."""
        return self.place == "messages"


def by_place(units: Mapping[Key, float]) -> dict[str, float]:
    """Return the units by table and index."""
    found: dict[str, float] = {}
    for key, count in units.items():
        found[key.place] = found.get(key.place, 0) + count
    return found


class _Schema(NamedTuple):
    keys: tuple[str, ...]
    """The hash key, and the range key if there is one."""
    is_whole: bool = True
    """The index holds all attributes, and not only its keys."""


class Ledger:
    """The client of pynamodb: `written` and `read` count the units by key."""

    def __init__(self, template: Template) -> None:
        self.written: Counter[Key] = Counter()
        self.read: Counter[Key] = Counter()
        self._items: dict[Key, dict[str, Item]] = {}
        """The items of a hash value, by their range value."""
        self._tables: dict[str, _Schema] = {}
        self._indexes: dict[str, dict[str, _Schema]] = {}
        for table in template.resources("AWS::DynamoDB::Table").values():
            self._tables[table["TableName"]] = _Schema(_keys(table))
            self._indexes[table["TableName"]] = {
                index["IndexName"]: _Schema(_keys(index), index["Projection"]["ProjectionType"] == "ALL")
                for index in table.get("GlobalSecondaryIndexes", [])
            }

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Count nothing meanwhile: what is written was there before."""
        written, read = self.written.copy(), self.read.copy()
        yield
        self.written, self.read = written, read

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a call as DynamoDB does, in the form of botocore."""
        match operation:
            case "GetItem":
                found = self._find(parameters["TableName"], parameters["Key"])
                self._note_read(parameters, self._hash(parameters["TableName"], parameters["Key"]), 1)
                return {"Item": found} if found else {}
            case "BatchGetItem":
                return {"Responses": dict(self._batch(parameters)), "UnprocessedKeys": {}}
            case "Query":
                return self._query(parameters)
            case "BatchWriteItem":
                for table, requests in parameters["RequestItems"].items():
                    for request in requests:
                        self._write({"TableName": table, **next(iter(request.values()))}, 1)
                return {"UnprocessedItems": {}}
            case "TransactWriteItems":
                for entry in parameters["TransactItems"]:
                    if "ConditionCheck" not in entry:
                        self._write(next(iter(entry.values())), 2)
                return {}
        return {"Attributes": self._write(parameters, 1)}

    def _batch(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, list[Item]]]:
        for table, several in parameters["RequestItems"].items():
            for item_key in several["Keys"]:
                self._note_read({"TableName": table, **several}, self._hash(table, item_key), 1)
            found = (self._find(table, item_key) for item_key in several["Keys"])
            yield table, [item for item in found if item]

    def _query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the items of the table's hash value, in any order. No index holds items here."""
        table, index = parameters["TableName"], parameters.get("IndexName", "")
        schema = self._indexes[table][index] if index else self._tables[table]
        names, values = parameters["ExpressionAttributeNames"], parameters["ExpressionAttributeValues"]
        name, value = _HASH.findall(parameters["KeyConditionExpression"])[0]
        assert names[name] == schema.keys[0]
        self._note_read(parameters, Key(table, index, values[value]["S"]), 1)
        found = list(self._items.get(Key(table, index, values[value]["S"]), {}).values())
        return {"Items": found, "Count": len(found), "ScannedCount": len(found)}

    def _note_read(self, parameters: Mapping[str, Any], key: Key, units: float) -> None:
        self.read[key] += units if parameters.get("ConsistentRead") else units / 2  # type: ignore[assignment]

    def _write(self, write: Mapping[str, Any], times: int) -> Item:
        table = write["TableName"]
        key = write.get("Item") or write["Key"]
        items = self._items.setdefault(self._hash(table, key), {})
        before = items.get(self._range(table, key), {})
        after = _written(write, before or dict(write.get("Key", {})))
        size = _kb(max(before, after, key=_kb))
        self.written[self._hash(table, key)] += times * size
        for name, index in self._indexes[table].items():
            for value, entries in _entries(index, before, after):
                self.written[Key(table, name, value)] += times * entries * (size if index.is_whole else 1)
        if after:
            items[self._range(table, key)] = after
        else:
            items.pop(self._range(table, key), None)
        return after

    def _find(self, table: str, key: Item) -> Item | None:
        return self._items.get(self._hash(table, key), {}).get(self._range(table, key))

    def _range(self, table: str, key: Item) -> str:
        _, *range_key = self._tables[table].keys
        return str(key[range_key[0]]["S"]) if range_key else ""

    def _hash(self, table: str, key: Item) -> Key:
        return Key(table, "", key[self._tables[table].keys[0]]["S"])


def _keys(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in schema["KeySchema"])


def _kb(item: Item) -> int:
    """Return the size of the item in KB, rounded up."""
    return max(1, -(-item_bytes(item) // WRITE_BYTES))


def _entries(index: _Schema, before: Item, after: Item) -> list[tuple[str, int]]:
    """Return the hash values whose entries change, and how many writes each takes.

    A changed key takes two: the old entry is deleted, and a new entry is put.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
    """
    hash_key = index.keys[0]
    was = [before.get(key) for key in index.keys]
    is_ = [after.get(key) for key in index.keys]
    had, has = None not in was, None not in is_
    if was == is_:
        return [(after[hash_key]["S"], 1)] if has and index.is_whole and before != after else []
    old = [(before[hash_key]["S"], 1)] if had else []
    return [*old, (after[hash_key]["S"], 1)] if has else old


def _written(write: Mapping[str, Any], before: Item) -> Item:
    """Return the item after the write; {} after a delete."""
    if "Item" in write:
        return dict(write["Item"])
    if "UpdateExpression" not in write:
        return {}
    after = dict(before)
    names, values = write.get("ExpressionAttributeNames", {}), write.get("ExpressionAttributeValues", {})
    _, *parts = _CLAUSE.split(write["UpdateExpression"])
    for clause, text in zip(parts[::2], parts[1::2], strict=True):
        for action in _COMMA.split(text.strip()):
            match clause:
                case "SET":
                    path, expression = action.split(" = ", 1)
                    _set(after, _path(path, names), _value(expression, before, names, values))
                case "REMOVE":
                    after.pop(names[action], None)
                case "ADD":
                    path, number = action.split(" ")
                    sum_ = float(after.get(names[path], {"N": "0"})["N"]) + float(values[number]["N"])
                    after[names[path]] = {"N": f"{sum_:g}"}
    return after


def _value(text: str, item: Item, names: Mapping[str, str], values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any
    """Return the value of an expression of pynamodb, which nests its two functions at most once."""
    if text.startswith(":"):
        return values[text]
    if text.startswith("#"):
        return item.get(names[text])
    found = _FUNCTION.fullmatch(text)
    assert found, text
    first, second = _COMMA.split(found[2])
    if found[1] == "if_not_exists":
        return item.get(names[first], values[second])
    earlier = _value(first, item, names, values)
    return {"L": [*earlier["L"], *values[second]["L"]]}


def _path(text: str, names: Mapping[str, str]) -> list[str]:
    return [names[name] for name in text.split(".")]


def _set(item: Item, path: list[str], value: object) -> None:
    attribute, *inner = path
    item[attribute] = {"M": {**item[attribute]["M"], inner[0]: value}} if inner else value
