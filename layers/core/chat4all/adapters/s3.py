"""Bodies that are too large for a DynamoDB item."""

from collections.abc import Callable
from typing import Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from chat4all.domain.errors import Unavailable


class S3Client(Protocol):
    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> object: ...

    def get_object(self, *, Bucket: str, Key: str) -> "_Found": ...


class _Stream(Protocol):
    def read(self) -> bytes: ...


class _Found(TypedDict):
    Body: _Stream


class S3Bodies:
    def __init__(self, client: Callable[[], S3Client], bucket: str) -> None:
        """`client` is called at the first use: most functions never store anything this large."""
        self._client = client
        self._bucket = bucket

    def put(self, key: str, body: bytes) -> None:
        """Raises Unavailable."""
        try:
            self._client().put_object(Bucket=self._bucket, Key=key, Body=body)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The object store did not answer; try again.", retry_after=1) from error

    def get(self, key: str) -> bytes | None:
        """None if it is not there, or no longer. Raises Unavailable."""
        try:
            return self._client().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise Unavailable("The object store did not answer; try again.", retry_after=1) from error
