"""Bodies that are too large for a DynamoDB item."""

from collections.abc import Callable
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chat4all.domain.errors import Unavailable


class S3Client(Protocol):
    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> object: ...


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
