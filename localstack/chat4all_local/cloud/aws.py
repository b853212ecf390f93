"""boto3 clients of the local cloud, that never see the user's AWS settings."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# Local calls take milliseconds; one that does not answer should fail while someone is looking.
# A proxy that the user needs for the internet is not asked: it knows another 127.0.0.1.
_PATIENCE = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3}, proxies={}
)
_FILES = _PATIENCE.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@dataclass(frozen=True)
class Aws:
    """Clients of a local cloud: `s3_endpoint` has the files, `endpoint` all other services.

    Every call makes a new client. Clients are thread-safe.
    """

    endpoint: str
    s3_endpoint: str

    @cached_property
    def session(self) -> boto3.Session:
        """Pass `endpoint_url=aws.endpoint` where a client is made of it."""
        nowhere = (None, None, os.devnull, None)
        foreign = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
        return boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=foreign),
        )

    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=_PATIENCE)

    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_PATIENCE)

    def events(self) -> "EventBridgeClient":
        return self.session.client("events", endpoint_url=self.endpoint, config=_PATIENCE)

    def functions(self) -> "LambdaClient":
        return self.session.client("lambda", endpoint_url=self.endpoint, config=_PATIENCE)

    def kinesis(self) -> "KinesisClient":
        return self.session.client("kinesis", endpoint_url=self.endpoint, config=_PATIENCE)

    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", endpoint_url=self.endpoint, config=_PATIENCE)

    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", endpoint_url=self.endpoint, config=_PATIENCE)

    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint, config=_PATIENCE)

    def s3(self) -> "S3Client":
        """The product's files."""
        return self.session.client("s3", endpoint_url=self.s3_endpoint, config=_FILES)

    def deployment_s3(self) -> "S3Client":
        """The cloud's own S3: the code that is deployed from, and the buckets that the template declares."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=_FILES)
