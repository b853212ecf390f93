"""The end of the bare pipeline: an update of each message, where the product calls the provider."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3

TABLE = os.environ["TABLE"]
dynamodb = boto3.client("dynamodb")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[str]]:
    for record in event["Records"]:
        dynamodb.update_item(
            TableName=TABLE,
            Key={"message_id": {"S": json.loads(record["body"])["message_id"]}},
            UpdateExpression="SET consumed_at = :at",
            ExpressionAttributeValues={":at": {"N": repr(time.time())}},
        )
    print("consumed", len(event["Records"]))  # noqa: T201 (as in accept)
    return {"batchItemFailures": []}
