"""API keys, written directly to the stack's table: the API has no endpoint that creates keys."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chat4all.adapters.dynamodb.table_keys import WORKSPACE
from chat4all.domain.api_key import ApiKey
from chat4all.domain.clock import iso
from chat4all.services.access.authenticate import SCOPES, hash_key, new_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_key(table: "DynamoDBClient", table_name: str, name: str, scopes: Iterable[str] = SCOPES) -> str:
    """Create and return a key. Only its hash is stored. Raises ValueError for an unknown scope."""
    key, record = new_key(name, frozenset(scopes), iso(datetime.now(UTC)))
    write(table, table_name, record)
    return key


def restore_key(table: "DynamoDBClient", table_name: str, key: str, name: str) -> None:
    """Write the record of the existing `key` again, with every scope."""
    key_id = key.split("_", 2)[1]
    write(table, table_name, ApiKey(key_id, hash_key(key), name, frozenset(SCOPES), iso(datetime.now(UTC))))


def has_every_scope(table: "DynamoDBClient", table_name: str, key: str) -> bool:
    """Return whether the key's record has every scope of this version."""
    found = table.get_item(TableName=table_name, Key={"key_hash": {"S": hash_key(key)}}, ConsistentRead=True)
    return set(SCOPES) <= set(found.get("Item", {}).get("scopes", {}).get("SS", ()))


def write(table: "DynamoDBClient", table_name: str, record: ApiKey) -> None:
    table.put_item(
        TableName=table_name,
        Item={
            "key_hash": {"S": record.key_hash},
            "workspace": {"S": WORKSPACE},
            "key_id": {"S": record.key_id},
            "name": {"S": record.name},
            "scopes": {"SS": sorted(record.scopes)},
            "created_at": {"S": record.created_at},
            "disabled": {"BOOL": record.disabled},
        },
    )
