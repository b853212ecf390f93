"""The cost of calls to DynamoDB in its request units, derived from the requests.

A write costs a unit for each KB and for each index that it changes, and twice as much in a transaction. A
read costs a unit for 4 KB, and half if it need not be consistent. The cost assumes that an updated item has
one KB, and that a read item has four KB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chat4all.adapters.dynamodb.message_rows import MESSAGE
from tests.integration.template import Template


class Call(NamedTuple):
    service: str
    operation: str
    parameters: Mapping[str, Any]


class Units:
    def __init__(self, template: Template) -> None:
        self._indexes: dict[str, list[tuple[set[str], bool]]] = {
            table["TableName"]: [
                (
                    {key["AttributeName"] for key in index["KeySchema"]},
                    index["Projection"]["ProjectionType"] == "ALL",
                )
                for index in table.get("GlobalSecondaryIndexes", [])
            ]
            for table in template.resources("AWS::DynamoDB::Table").values()
        }

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
        indexes = self._indexes[write["TableName"]]
        if "Item" in write:
            kb = -(-len(json.dumps(write["Item"], default=str)) // 1_024)
            return kb * (1 + sum(keys <= set(write["Item"]) for keys, _ in indexes))
        changed: set[str] = set(write.get("ExpressionAttributeNames", {}).values())
        is_message: bool = write["Key"].get("record") == {"S": MESSAGE}
        return 1 + sum(bool(keys & changed) or (whole and is_message) for keys, whole in indexes)


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
