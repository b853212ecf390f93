"""The botocore session of the process, its clients, and the failures of their calls.

A session costs a fifth of a cold start.
"""

import functools
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal, overload

from botocore import __version__
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from chat4all.domain.errors import Unavailable

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

FAILURES: Final = (BotoCoreError, ClientError)
"""The errors of a call to AWS: AWS did not answer, or answered with an error."""

_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=16,
    # The services validate each request. A second validation by botocore costs a tenth of a call.
    parameter_validation=False,
)
# `s3v4` is the signature that every region accepts in a presigned address. The long timeout is for S3, which
# takes a while to make an object of a file's parts:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
# A part must have the kind of checksum with which its upload began, which is none here; its bytes are signed:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
_LOCAL_S3_CONFIG: Final = _CONFIG.merge(
    Config(signature_version="s3v4", read_timeout=25, request_checksum_calculation="when_required")
)
# A presigned address must name its region, too. By default botocore leaves the region out: then a request
# goes to us-east-1 as long as a bucket is new, and in newer regions always:
# https://github.com/boto/boto3/pull/4768
_S3_CONFIG: Final = _LOCAL_S3_CONFIG.merge(Config(s3={"addressing_style": "virtual"}))


# botocore composes its own long name anew for each request, which is a tenth of the processor time of a call.
_NAMED: Final = Config(user_agent=f"Botocore/{__version__} chat4all")


@functools.cache
def session() -> Session:
    """Return the session. Its configuration also holds for the client that pynamodb makes."""
    made = get_session()
    made.set_default_client_config(_NAMED)
    return made


@overload
def client(service: Literal["events"]) -> "EventBridgeClient": ...


@overload
def client(service: Literal["kinesis"]) -> "KinesisClient": ...


@overload
def client(service: Literal["s3"], *, local: bool) -> "S3Client": ...


@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...


@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...


def client(service: str, *, local: bool = False) -> "BaseClient":
    """Make a client with short timeouts, because a function has only seconds.

    On a local cloud (`local`) a bucket has no host name of its own.
    """
    s3_config = _LOCAL_S3_CONFIG if local else _S3_CONFIG
    return session().create_client(service, config=s3_config if service == "s3" else _CONFIG)


@contextmanager
def answering(
    message: str, *, retry_after: int | None = None, failures: tuple[type[Exception], ...] = FAILURES
) -> Iterator[None]:
    """Turn `failures` into Unavailable, as a decorator of a function or around a block."""
    try:
        yield
    except failures as error:
        raise Unavailable(message, retry_after=retry_after) from error


class SuppressCodes:
    """Leave a block without an error where AWS answers with one of `codes`."""

    def __init__(self, codes: Collection[str]) -> None:
        self._codes = codes

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        return isinstance(error, ClientError) and error.response["Error"]["Code"] in self._codes
