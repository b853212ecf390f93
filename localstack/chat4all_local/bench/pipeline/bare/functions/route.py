"""The router of the bare pipeline: forwards every message with a FIFO send."""

import os
from collections.abc import Mapping
from typing import Any

import boto3

QUEUE = os.environ["QUEUE"]
sqs = boto3.client("sqs")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[str]]:
    for record in event["Records"]:
        sqs.send_message(
            QueueUrl=QUEUE,
            MessageBody=record["body"],
            MessageGroupId=record["attributes"]["MessageGroupId"],
            MessageDeduplicationId=record["attributes"]["MessageDeduplicationId"],
        )
    print("routed", len(event["Records"]))  # noqa: T201 (as in accept)
    return {"batchItemFailures": []}
