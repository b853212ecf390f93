"""boto3 clients of the local cloud, which ignore the user's AWS settings."""

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

# Local calls take milliseconds, so a call without an answer should fail soon. The user's internet proxy is
# not used: it cannot reach 127.0.0.1 of this machine.
_CLIENT_CONFIG = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3}, proxies={}
)
_S3_CONFIG = _CLIENT_CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@dataclass(frozen=True)
class Aws:
    """Clients of a local cloud: `s3_endpoint` serves the product's files, `endpoint` every other service.

    Every call makes a new client. Clients are thread-safe.
    """

    endpoint: str
    s3_endpoint: str

    @cached_property
    def session(self) -> boto3.Session:
        """Return a session. Clients that are created from it need `endpoint_url=aws.endpoint`."""
        no_file = (None, None, os.devnull, None)
        overridden = {
            "profile": (None, None, None, None),
            "config_file": no_file,
            "credentials_file": no_file,
        }
        return boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=overridden),
        )

    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def events(self) -> "EventBridgeClient":
        return self.session.client("events", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def functions(self) -> "LambdaClient":
        return self.session.client("lambda", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def kinesis(self) -> "KinesisClient":
        return self.session.client("kinesis", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint, config=_CLIENT_CONFIG)

    def s3(self) -> "S3Client":
        """Return the client of the S3 that stores the product's files."""
        return self.session.client("s3", endpoint_url=self.s3_endpoint, config=_S3_CONFIG)

    def deployment_s3(self) -> "S3Client":
        """Return the client of the cloud's own S3, with the deployed code and the template's buckets."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=_S3_CONFIG)
