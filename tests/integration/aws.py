"""The tables, queues, secrets and the bucket of the templates, made in moto."""

from typing import TYPE_CHECKING, Any, Final

import msgspec
from boto3 import Session

from chat4all.channels.registry import names
from chat4all.services.messaging.connector import ChannelSecret
from tests.channels import sample
from tests.integration.template import REGION, Template, queue_url

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient

CHANNELS: Final = names()
_TABLE_PROPERTIES: Final = (
    "TableName",
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
)


def secret_of(channel: str) -> ChannelSecret:
    return ChannelSecret(
        account_id=sample(channel).ACCOUNT_ID,
        access_token=f"123456:token-of-{channel}",
        webhook_secret=f"webhook-secret-of-{channel}",
        verify_token=f"verify-token-of-{channel}",
        sender="+15005550006",
        webhook_url=f"https://chat.example/v1/webhooks/{channel}",
        business_account_id="102290129340398",
    )


class Aws:
    """The tests' own clients, and the resources of the templates."""

    def __init__(self) -> None:
        self.template = Template()
        session = Session(region_name=REGION)
        self.dynamodb: DynamoDBClient = session.client("dynamodb")
        self.sqs: SQSClient = session.client("sqs")
        self.secrets: SecretsManagerClient = session.client("secretsmanager")
        self.s3: S3Client = session.client("s3")
        self._make_tables()
        self._make_queues()
        self._make_secrets()
        for bucket in self.template.resources("AWS::S3::Bucket").values():
            self.s3.create_bucket(Bucket=bucket["BucketName"])
            if "VersioningConfiguration" in bucket:
                self.s3.put_bucket_versioning(
                    Bucket=bucket["BucketName"], VersioningConfiguration=bucket["VersioningConfiguration"]
                )

    def output(self, path: str) -> str:
        """Return an output of a nested stack, such as `Data.MessagesTable`."""
        nested, name = path.split(".")
        return str(self.template.nested(nested).output(name))

    def queue(self, logical_path: str) -> str:
        """Return the URL of a queue, such as `ChatEventsQueue` or `WhatsAppChannel.Queue`."""
        name = self.template.resources("AWS::SQS::Queue")[logical_path]["QueueName"]
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def drained(self, url: str) -> list[str]:
        """Take all messages out of a queue; return their bodies in order."""
        bodies = []
        while given := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in given:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def empty(self) -> None:
        """Empty all queues and tables except the API keys, since old rows would slow every query down."""
        for queue in self.template.resources("AWS::SQS::Queue").values():
            self.sqs.delete_queue(QueueUrl=queue_url(queue["QueueName"]))
        self._make_queues()
        for logical_path, table in self.template.resources("AWS::DynamoDB::Table").items():
            if logical_path != "Data.ApiKeysTable":
                self.dynamodb.delete_table(TableName=table["TableName"])
                self._make_table(table)

    def _make_tables(self) -> None:
        for table in self.template.resources("AWS::DynamoDB::Table").values():
            self._make_table(table)

    def _make_table(self, table: dict[str, Any]) -> None:
        properties: Any = {name: table[name] for name in _TABLE_PROPERTIES if name in table}
        self.dynamodb.create_table(**properties)
        if "TimeToLiveSpecification" in table:
            self.dynamodb.update_time_to_live(
                TableName=table["TableName"], TimeToLiveSpecification=table["TimeToLiveSpecification"]
            )

    def _make_queues(self) -> None:
        queues = self.template.resources("AWS::SQS::Queue").values()
        for queue in sorted(queues, key=lambda properties: "RedrivePolicy" in properties):
            attributes: Any = {
                name: _attribute(value) for name, value in queue.items() if name != "QueueName"
            }
            made = self.sqs.create_queue(QueueName=queue["QueueName"], Attributes=attributes)
            assert made["QueueUrl"] == queue_url(queue["QueueName"])

    def _make_secrets(self) -> None:
        for channel, secret in zip(
            CHANNELS, self.template.resources("AWS::SecretsManager::Secret").values(), strict=True
        ):
            assert secret["Name"].endswith(f"/{channel}")
            text = msgspec.json.encode(secret_of(channel)).decode()
            self.secrets.create_secret(Name=secret["Name"], SecretString=text)


def _attribute(value: object) -> str:
    """Write an attribute's value as text, which SQS requires: true, 60, and JSON for the redrive policy."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
