"""The streams of the tables: the records that tell what changed between two looks at a table."""

from typing import Any

from tests.integration.aws import Aws

Rows = dict[str, dict[str, Any]]


def rows_of(aws: Aws, *tables: str) -> dict[str, Rows]:
    """Return the rows of the tables, by their keys."""
    found: dict[str, Rows] = {}
    for table in tables:
        names = [key["AttributeName"] for key in described(aws, table)["KeySchema"]]
        pages = aws.dynamodb.get_paginator("scan").paginate(TableName=table)
        found[table] = {
            "|".join(row[name]["S"] for name in names): row for page in pages for row in page["Items"]
        }
    return found


def described(aws: Aws, table: str) -> Any:  # noqa: ANN401 - boto's
    return aws.dynamodb.describe_table(TableName=table)["Table"]


def changes(aws: Aws, before: dict[str, Rows]) -> list[dict[str, Any]]:
    """Return a record of a stream for each row that changed since `before`."""
    records = []
    for table, now in rows_of(aws, *before).items():
        names = [key["AttributeName"] for key in described(aws, table)["KeySchema"]]
        for key in before[table].keys() | now.keys():
            old, new = before[table].get(key), now.get(key)
            if old != new:
                records.append(record(names, old, new))
    return records


def record(names: list[str], old: Any, new: Any) -> dict[str, Any]:  # noqa: ANN401 - rows as DynamoDB has them
    """Return a record as Lambda passes it on.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    row = new or old
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image is not None}
    return {
        "eventName": "MODIFY" if old and new else "INSERT" if new else "REMOVE",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": {name: row[name] for name in names}, **images},
    }
