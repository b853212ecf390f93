"""Let nobody have written in conversations for some minutes, so that the desk records the next message."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.desk import Desk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_QUIET: Final = timedelta(minutes=5)
_CONVERSATION: Final = "CONVERSATION"


def make_quiet(dynamodb: "DynamoDBClient", table: str, conversation_ids: Iterable[str]) -> None:
    """Move the recorded activity of the conversations back."""
    for conversation_id in conversation_ids:
        where = {"partition": {"S": key(conversation_id)}, "record": {"S": _CONVERSATION}}
        row = dynamodb.get_item(TableName=table, Key=where, ConsistentRead=True)["Item"]
        earlier = iso(parse_iso(row["active_at"]["S"]) - _QUIET)
        desk = msgspec.json.decode(row["desk"]["S"], type=Desk)
        text = msgspec.json.encode(msgspec.structs.replace(desk, active_at=earlier)).decode()
        dynamodb.update_item(
            TableName=table,
            Key=where,
            UpdateExpression="SET active_at = :at, desk = :desk",
            ExpressionAttributeValues={":at": {"S": earlier}, ":desk": {"S": text}},
        )
