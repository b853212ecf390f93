"""The cost of calls to DynamoDB in its request units, derived from the requests.

A write costs a unit for each KB, and twice as much in a transaction. A read costs a unit for 4 KB, and half
if it need not be consistent. The cost assumes that an updated item has one KB, and that a read item has four:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

An index takes one write for an entry that comes or goes, or whose projected attributes change. It takes two
for an entry whose key changes: the old one is deleted, and a new one is put.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from tests.integration.template import Template

_CLAUSES: Final = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b")
_PLACEHOLDER: Final = re.compile(r"#\w+")


class Call(NamedTuple):
    service: str
    operation: str
    parameters: Mapping[str, Any]


class _Index(NamedTuple):
    keys: frozenset[str]
    is_whole: bool


class _Table(NamedTuple):
    keys: tuple[str, ...]
    indexes: tuple[_Index, ...]


class Units:
    """Counts the units of calls. The entries of the indexes are those that the calls so far have made."""

    def __init__(self, template: Template) -> None:
        self._tables = {
            table["TableName"]: _Table(
                tuple(key["AttributeName"] for key in table["KeySchema"]),
                tuple(
                    _Index(
                        frozenset(key["AttributeName"] for key in index["KeySchema"]),
                        index["Projection"]["ProjectionType"] == "ALL",
                    )
                    for index in table.get("GlobalSecondaryIndexes", [])
                ),
            )
            for table in template.resources("AWS::DynamoDB::Table").values()
        }
        self._attributes: dict[str, set[str]] = {}

    def read(self, calls: Iterable[Call]) -> float:
        return sum(_read(call) for call in calls if call.service == "dynamodb")

    def written(self, calls: Iterable[Call]) -> float:
        return sum(self._written(call) for call in calls if call.service == "dynamodb")

    def _written(self, call: Call) -> float:
        match call.operation:
            case "TransactWriteItems":
                writes = [write for item in call.parameters["TransactItems"] for write in item.values()]
                return sum(2 * self._one(write) for write in writes)
            case "BatchWriteItem":
                requests = call.parameters["RequestItems"].items()
                return sum(
                    self._one({"TableName": table, **write})
                    for table, several in requests
                    for request in several
                    for write in request.values()
                )
            case "PutItem" | "UpdateItem" | "DeleteItem":
                return self._one(call.parameters)
        return 0

    def _one(self, write: Mapping[str, Any]) -> float:
        table = self._tables[write["TableName"]]
        if "Item" in write:
            kb = -(-len(json.dumps(write["Item"], default=str)) // 1_024)
            self._attributes[_name(write, write["Item"], table)] = set(write["Item"])
            return kb * (1 + sum(index.keys <= set(write["Item"]) for index in table.indexes))
        name = _name(write, write["Key"], table)
        before = self._attributes.get(name, set(write["Key"]))
        set_, removed = _changes(write)
        after = (before | set_) - removed
        self._attributes[name] = after
        return 1 + sum(_index_writes(index, before, after, set_) for index in table.indexes)


def _name(write: Mapping[str, Any], item: Mapping[str, Any], table: _Table) -> str:
    return json.dumps([write["TableName"], [item[key] for key in table.keys]])


def _changes(write: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the attributes that an update sets, and those that it removes."""
    names = write.get("ExpressionAttributeNames", {})
    _, *parts = _CLAUSES.split(write.get("UpdateExpression", ""))
    by_clause = dict(zip(parts[::2], parts[1::2], strict=True))
    removed = {names[found] for found in _PLACEHOLDER.findall(by_clause.pop("REMOVE", ""))}
    set_ = {names[found] for text in by_clause.values() for found in _PLACEHOLDER.findall(text)}
    return set_, removed


def _index_writes(index: _Index, before: set[str], after: set[str], set_: set[str]) -> int:
    was, is_ = index.keys <= before, index.keys <= after
    if was and is_:
        if index.keys & set_:
            return 2
        return int(index.is_whole)
    return int(was or is_)


def _read(call: Call) -> float:
    per_item = 1.0 if call.parameters.get("ConsistentRead") else 0.5
    match call.operation:
        case "GetItem" | "Query":
            return per_item
        case "BatchGetItem":
            return sum(
                len(several["Keys"]) * (1.0 if several.get("ConsistentRead") else 0.5)
                for several in call.parameters["RequestItems"].values()
            )
    return 0
