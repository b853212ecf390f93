"""Delete the bytes of a file with all their versions, which the bucket would keep for seven more days."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chat4all.adapters.aws import SuppressCodes
from chat4all.adapters.s3.bodies import s3_answering
from chat4all.adapters.s3.files import MISSING, file_key, quarantine_key, thumbnail_key
from chat4all.domain.files.file import THUMBNAILS_PX, StoredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3ErasedFiles:
    def __init__(self, client: Callable[[], "S3Client"], bucket: str) -> None:
        self._make = client
        self._bucket = bucket
        self._made: S3Client | None = None

    @s3_answering
    def erase(self, file: StoredFile) -> None:
        if file.upload_id is not None:
            with SuppressCodes(MISSING):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=file_key(file.file_id), UploadId=file.upload_id
                )
        thumbnails = (thumbnail_key(file.file_id, px) for px in THUMBNAILS_PX)
        for key in (file_key(file.file_id), quarantine_key(file.file_id), *thumbnails):
            self._client.delete_object(Bucket=self._bucket, Key=key)
            for version in self._versions(key):
                self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)

    def _versions(self, key: str) -> Iterator[str]:
        """Return the versions of an object, and the marks of its deletions; none in a bucket without them."""
        answer = self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        listed = (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ()))
        return (version["VersionId"] for version in listed if version["Key"] == key)

    @property
    def _client(self) -> "S3Client":
        if self._made is None:
            self._made = self._make()
        return self._made
