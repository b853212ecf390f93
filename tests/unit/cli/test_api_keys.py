import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from chat4all.services.access.authenticate import SCOPES, hash_key
from chat4all_local.api_keys import create_key, has_every_scope, restore_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "chat4all-api-keys"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoDBClient]":
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "key_hash", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key_hash", "KeyType": "HASH"}],
        )
        yield client


def test_a_key_is_kept_as_its_hash_only(table: "DynamoDBClient") -> None:
    key = create_key(table, TABLE, "CRM", ["messages:read", "users:read"])
    assert re.fullmatch(r"c4a_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", key)
    item = table.get_item(TableName=TABLE, Key={"key_hash": {"S": hash_key(key)}})["Item"]
    assert key not in str(item)
    assert item["key_id"] == {"S": key.split("_")[1]}
    assert item["name"] == {"S": "CRM"}
    assert item["workspace"] == {"S": "default"}
    assert set(item["scopes"]["SS"]) == {"messages:read", "users:read"}
    assert item["disabled"] == {"BOOL": False}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", item["created_at"]["S"])


def test_a_key_may_do_everything_once_it_is_recorded_with_every_scope(table: "DynamoDBClient") -> None:
    key, old = create_key(table, TABLE, "CRM"), create_key(table, TABLE, "CRM", ["messages:read"])
    assert has_every_scope(table, TABLE, key)
    assert not has_every_scope(table, TABLE, old)
    assert not has_every_scope(table, TABLE, key[:-1] + ("A" if key[-1] != "A" else "B"))


def test_a_key_whose_record_was_lost_is_recorded_again_as_it_was(table: "DynamoDBClient") -> None:
    key = create_key(table, TABLE, "first")
    table.delete_item(TableName=TABLE, Key={"key_hash": {"S": hash_key(key)}})
    restore_key(table, TABLE, key, "first")
    item = table.get_item(TableName=TABLE, Key={"key_hash": {"S": hash_key(key)}})["Item"]
    assert item["key_id"] == {"S": key.split("_")[1]}
    assert set(item["scopes"]["SS"]) == set(SCOPES)


def test_a_scope_that_is_none_is_refused(table: "DynamoDBClient") -> None:
    with pytest.raises(ValueError, match="everything"):
        create_key(table, TABLE, "CRM", ["everything"])
    assert table.scan(TableName=TABLE)["Count"] == 0
