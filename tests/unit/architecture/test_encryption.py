"""Encryption=customer encrypts all stored data with a key of the stack; otherwise no key is made."""

from typing import Any, Final

from tests.integration.template import Template, arn

KEY: Final = arn("AWS::KMS::Key", {})
OWN: Final = Template(parameters={"Encryption": "customer", "Scanner": "guardduty"})
OWN_ON_KINESIS: Final = Template(parameters={"Encryption": "customer", "EventStream": "kinesis"})
AWS_KEYS: Final = Template()
AT: Final = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
}
"""The path of the key in the properties of each kind of resource."""


def key_of(kind: str, properties: dict[str, Any]) -> str | None:
    value: Any = properties
    for name in AT[kind]:
        value = value.get(name, {})
    return value or None


def bucket_key(bucket: dict[str, Any]) -> str | None:
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key: str | None = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    return key


def test_the_key_is_behind_everything() -> None:
    for kind in AT:
        found = OWN.resources(kind)
        assert found
        assert {name: key_of(kind, properties) for name, properties in found.items()} == dict.fromkeys(
            found, KEY
        )
    assert {bucket_key(resource) for resource in OWN.resources("AWS::S3::Bucket").values()} == {KEY}


def test_it_is_behind_the_streams_and_their_queues_too() -> None:
    streams = OWN_ON_KINESIS.resources("AWS::Kinesis::Stream")
    assert [stream["StreamEncryption"]["KeyId"] for stream in streams.values()] == [KEY, KEY]
    queues = OWN_ON_KINESIS.resources("AWS::SQS::Queue")
    assert {key_of("AWS::SQS::Queue", queue) for queue in queues.values()} == {KEY}


def test_a_queue_has_one_kind_of_encryption() -> None:
    for template in (OWN, OWN_ON_KINESIS, AWS_KEYS):
        for queue in template.resources("AWS::SQS::Queue").values():
            assert ("KmsMasterKeyId" in queue) != queue.get("SqsManagedSseEnabled", False)


def test_without_it_the_keys_are_those_that_aws_keeps() -> None:
    assert AWS_KEYS.resources("AWS::KMS::Key") == {}
    for kind in AT:
        assert {key_of(kind, resource) for resource in AWS_KEYS.resources(kind).values()} <= {None}
    assert all(
        resource["SSESpecification"]["SSEEnabled"]
        for resource in AWS_KEYS.resources("AWS::DynamoDB::Table").values()
    )


def test_guardduty_may_use_the_key_and_no_other() -> None:
    statements = [
        statement
        for role in OWN.resources("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in statement["Action"]
    ]

    assert [statement["Resource"] for statement in statements] == [KEY]


def test_tables_are_protected_and_can_be_restored_except_what_is_forgotten_anyhow() -> None:
    tables = AWS_KEYS.resources("AWS::DynamoDB::Table")

    assert {table["DeletionProtectionEnabled"] for table in tables.values()} == {"true"}
    restorable = {
        name
        for name, table in tables.items()
        if table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    }
    assert set(tables) - restorable == {"Data.LimitsTable", "Data.SearchTable"}


def test_a_local_cloud_may_delete_its_tables() -> None:
    tables = Template(parameters={"Cloud": "local"}).resources("AWS::DynamoDB::Table")

    assert {table["DeletionProtectionEnabled"] for table in tables.values()} == {"false"}
