"""API keys, in DynamoDB."""

from msgspec.structs import replace

from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.services.access.authenticate import SCOPES, hash_key, new_key
from tests.fakes.people import NOW
from tests.integration.aws import Aws


def test_a_key_is_found_by_its_hash_and_kept_only_as_that(aws: Aws) -> None:
    keys = DynamoApiKeys(aws.output("Data.ApiKeysTable"))
    key, stored = new_key("console", frozenset(SCOPES), NOW)

    keys.put(stored)

    assert keys.get(hash_key(key)) == stored
    items = aws.dynamodb.scan(TableName=aws.output("Data.ApiKeysTable"))["Items"]
    assert key.split("_", 2)[2] not in str(items)
    assert [item["workspace"] for item in items if item["key_id"] == {"S": stored.key_id}] == [
        {"S": "default"}
    ]


def test_a_disabled_key_stays_disabled(aws: Aws) -> None:
    keys = DynamoApiKeys(aws.output("Data.ApiKeysTable"))
    key, stored = new_key("old", frozenset(SCOPES), NOW)
    keys.put(replace(stored, disabled=True))

    found = keys.get(hash_key(key))

    assert found is not None
    assert found.disabled


def test_an_unknown_key_is_none(aws: Aws) -> None:
    assert DynamoApiKeys(aws.output("Data.ApiKeysTable")).get("unknown") is None
