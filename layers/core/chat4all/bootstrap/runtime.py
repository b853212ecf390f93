"""The runtime of the functions: the clock, ids, random numbers, and AWS clients."""

import os
import random
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chat4all.adapters.aws import client

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def jitter() -> float:
    return random.random()  # noqa: S311 - spreads retries, protects nothing


def differ_after_restore() -> None:
    """Seed the random numbers again after a restore, also for the retries of botocore.

    With SnapStart, many environments start from a copy of the same memory, and would all draw the same
    numbers.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    """
    try:
        from snapshot_restore_py import register_after_restore  # noqa: PLC0415 - a part of Lambda's runtime
    except ModuleNotFoundError:
        return
    register_after_restore(random.seed)


differ_after_restore()


def is_for_a_snapshot() -> bool:
    """Return whether the loaded function is kept as a snapshot, which later environments start from."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def sqs() -> "SQSClient":
    return client("sqs")


def kinesis() -> "KinesisClient":
    return client("kinesis")


def s3() -> "S3Client":
    return client("s3", local=_has_endpoint())


def _has_endpoint() -> bool:
    """Return whether the environment names an endpoint, which botocore then uses."""
    return bool(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))
