"""Bodies that are too large for a DynamoDB item."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from chat4all.adapters.aws import SuppressCodes, answering

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

S3_SILENT: Final = "The object store did not answer; try again."
s3_answering: Final = answering(S3_SILENT, retry_after=1)
"""Turn S3's failures into Unavailable."""


class S3Bodies:
    def __init__(self, client: Callable[[], "S3Client"], bucket: str) -> None:
        """`client` makes the client at the first use: most functions never store such a large body."""
        self._client = client
        self._bucket = bucket

    @s3_answering
    def put(self, key: str, body: bytes) -> None:
        """Store the body; raise Unavailable if S3 did not answer."""
        self._client().put_object(Bucket=self._bucket, Key=key, Body=body)

    @s3_answering
    def delete(self, key: str) -> None:
        """Delete the body, if there is one; raise Unavailable if S3 did not answer."""
        self._client().delete_object(Bucket=self._bucket, Key=key)

    @s3_answering
    def get(self, key: str) -> bytes | None:
        """Return the body, or None if S3 no longer has it; raise Unavailable if S3 did not answer."""
        with SuppressCodes({"NoSuchKey"}):
            return self._client().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return None
