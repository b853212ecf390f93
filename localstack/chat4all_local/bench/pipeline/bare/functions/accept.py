"""POST /messages of the bare pipeline: a conditional put and a FIFO send."""

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3

TABLE, QUEUE = os.environ["TABLE"], os.environ["QUEUE"]
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, object]:
    text: str = event["body"]
    message = json.loads(text)
    dynamodb.put_item(
        TableName=TABLE,
        Item={name: {"S": value} for name, value in message.items()},
        ConditionExpression="attribute_not_exists(message_id)",
    )
    sqs.send_message(
        QueueUrl=QUEUE,
        MessageBody=text,
        MessageGroupId=message["conversation_id"],
        MessageDeduplicationId=message["message_id"],
    )
    print("accepted")  # noqa: T201 (MiniStack answers 40 ms late if a handler prints nothing)
    return {"statusCode": 202, "body": json.dumps({"message_id": message["message_id"]})}
