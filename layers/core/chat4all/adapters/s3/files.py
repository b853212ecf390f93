"""The files' bytes, in one bucket of S3.

::

    files/<file_id>              an uploaded or fetched file
    thumbnails/<file_id>/<px>    JPEG
    quarantine/<file_id>         an infected file, whose address is never given out

Presigned addresses: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import quote

from botocore.exceptions import ClientError

from chat4all.adapters.aws import SuppressCodes, answering
from chat4all.adapters.s3.bodies import S3_SILENT, s3_answering
from chat4all.domain.files.file import LEAST_PART_BYTES, THUMBNAILS_PX, StoredFile
from chat4all.domain.files.known_types import served_type
from chat4all.services.files.ports import ObjectTooLarge, PartsRefused, StoredObject, StoredPart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_URL_S: Final = 3600
PIECE_BYTES: Final = 1024 * 1024
_MISSING: Final = frozenset({"NoSuchUpload", "NoSuchKey", "404", "NotFound"})
_PARTS_REFUSED: Final = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""


class _Upload(TypedDict):
    """The arguments that name an upload in every call about it."""

    Bucket: str
    Key: str
    UploadId: str


class S3Files:
    """The files in S3.

    `client` makes the client at the first use: most calls of most functions need no file.
    """

    def __init__(self, client: Callable[[], "S3Client"], bucket: str) -> None:
        self._make = client
        self._bucket = bucket
        self._made: S3Client | None = None
        self._lock = threading.Lock()

    @s3_answering
    def begin_upload(self, file: StoredFile) -> str:
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket,
            Key=_file_key(file.file_id),
            ContentType=served_type(file.content_type),
            ContentDisposition=content_disposition(file.filename),
        )
        return answer["UploadId"]

    def part_url(self, file: StoredFile, number: int) -> str:
        """Presign the upload of a part.

        The length is a signed header: S3 refuses a shorter or longer body.
        """
        part = {**self._upload(file), "PartNumber": number, "ContentLength": file.bytes_of_part(number)}
        return self._client.generate_presigned_url("upload_part", part, PART_URL_S)

    @s3_answering
    def stored_parts(self, file: StoredFile) -> list[StoredPart] | None:
        with SuppressCodes(_MISSING):
            return self._listed_parts(file)
        return None

    def _listed_parts(self, file: StoredFile) -> list[StoredPart]:
        found: list[StoredPart] = []
        marker = 0
        while True:
            answer = self._client.list_parts(**self._upload(file), PartNumberMarker=marker)
            found += [
                StoredPart(part["PartNumber"], part["ETag"], part["Size"]) for part in answer.get("Parts", ())
            ]
            if not answer.get("IsTruncated"):
                return found
            marker = answer["NextPartNumberMarker"]

    @s3_answering
    def finish_upload(self, file: StoredFile, parts: Sequence[StoredPart]) -> str | None:
        in_order = sorted(parts, key=lambda part: part.number)
        listed: list[CompletedPartTypeDef] = [
            {"PartNumber": part.number, "ETag": part.etag} for part in in_order
        ]
        with SuppressCodes(_MISSING), _refusing_parts():
            answer = self._client.complete_multipart_upload(
                **self._upload(file), MultipartUpload={"Parts": listed}
            )
            return answer["ETag"]
        return None

    @s3_answering
    def abort_upload(self, file: StoredFile) -> None:
        with SuppressCodes(_MISSING):
            self._client.abort_multipart_upload(**self._upload(file))

    @s3_answering
    def find(self, file_id: str) -> StoredObject | None:
        with SuppressCodes(_MISSING):
            head = self._client.head_object(Bucket=self._bucket, Key=_file_key(file_id))
            return StoredObject(head["ContentLength"], head["ETag"])
        return None

    def url(self, file_id: str, seconds: int) -> str:
        return self._get_url(_file_key(file_id), seconds)

    def thumbnail_url(self, file_id: str, px: int, seconds: int) -> str:
        return self._get_url(_thumbnail_key(file_id, px), seconds)

    def stream(self, file_id: str) -> Iterator[bytes]:
        """Yield the bytes in pieces; raise Unavailable when S3 does not answer, perhaps after some pieces."""
        with answering(S3_SILENT, retry_after=1):
            body = self._client.get_object(Bucket=self._bucket, Key=_file_key(file_id))["Body"]
            while piece := body.read(PIECE_BYTES):
                yield piece

    @s3_answering
    def read_range(self, file_id: str, start: int, length: int) -> bytes:
        last = start + length - 1
        answer = self._client.get_object(
            Bucket=self._bucket, Key=_file_key(file_id), Range=f"bytes={start}-{last}"
        )
        return answer["Body"].read()

    @s3_answering
    def write(self, file: StoredFile, pieces: Iterable[bytes], most_bytes: int) -> int:
        upload: _Upload = {
            "Bucket": self._bucket,
            "Key": _file_key(file.file_id),
            "UploadId": self.begin_upload(file),
        }
        try:
            parts, size = self._write_parts(upload, pieces, most_bytes)
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self._client.abort_multipart_upload(**upload)
            raise
        return size

    @s3_answering
    def put_thumbnail(self, file_id: str, px: int, jpeg: bytes) -> None:
        self._client.put_object(
            Bucket=self._bucket, Key=_thumbnail_key(file_id, px), Body=jpeg, ContentType="image/jpeg"
        )

    @s3_answering
    def quarantine(self, file_id: str) -> None:
        """Copy the file to the quarantine, then delete it.

        If the process dies in between, a repeated call finishes the work over the copy.
        """
        key = _file_key(file_id)
        for px in THUMBNAILS_PX:
            self._client.delete_object(Bucket=self._bucket, Key=_thumbnail_key(file_id, px))
        with SuppressCodes(_MISSING):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=_quarantine_key(file_id),
                CopySource={"Bucket": self._bucket, "Key": key},
            )
            self._client.delete_object(Bucket=self._bucket, Key=key)

    @s3_answering
    def delete(self, file_id: str) -> None:
        for key in (_file_key(file_id), *(_thumbnail_key(file_id, px) for px in THUMBNAILS_PX)):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    @s3_answering
    def erase(self, file: StoredFile) -> None:
        """Delete the bytes with all their versions, which the bucket would keep for seven more days."""
        if file.upload_id is not None:
            self.abort_upload(file)
        thumbnails = (_thumbnail_key(file.file_id, px) for px in THUMBNAILS_PX)
        for key in (_file_key(file.file_id), _quarantine_key(file.file_id), *thumbnails):
            self._client.delete_object(Bucket=self._bucket, Key=key)
            for version in self._versions(key):
                self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)

    def _versions(self, key: str) -> Iterator[str]:
        """Return the versions of an object, and the marks of its deletions; none in a bucket without them."""
        answer = self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        listed = (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ()))
        return (version["VersionId"] for version in listed if version["Key"] == key)

    def _write_parts(
        self, upload: _Upload, pieces: Iterable[bytes], most_bytes: int
    ) -> tuple[list["CompletedPartTypeDef"], int]:
        parts: list[CompletedPartTypeDef] = []
        size = 0
        for body in _in_parts(pieces):
            size += len(body)
            if size > most_bytes:
                raise ObjectTooLarge
            number = len(parts) + 1
            answer = self._client.upload_part(**upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        return parts, size

    def _get_url(self, key: str, seconds: int) -> str:
        return self._client.generate_presigned_url(
            "get_object", {"Bucket": self._bucket, "Key": key}, seconds
        )

    def _upload(self, file: StoredFile) -> _Upload:
        return {"Bucket": self._bucket, "Key": _file_key(file.file_id), "UploadId": file.upload_id or ""}

    @property
    def _client(self) -> "S3Client":
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


@contextmanager
def _refusing_parts() -> Iterator[None]:
    """Turn S3's refusals of parts into PartsRefused. S3 names the part; other stores may not."""
    try:
        yield
    except ClientError as error:
        answer: Mapping[str, object] = error.response["Error"]
        code, number = str(answer["Code"]), str(answer.get("PartNumber", ""))
        if code not in _PARTS_REFUSED:
            raise
        raise PartsRefused(code, int(number) if number.isdecimal() else None) from error


def content_disposition(filename: str) -> str:
    """Return `attachment` with the name in both forms: https://www.rfc-editor.org/rfc/rfc6266#appendix-D"""
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = "".join("_" if char in '"\\%' or ord(char) < 32 or ord(char) == 127 else char for char in plain)
    stem, _, extension = plain.rpartition(".")
    fallback = plain if stem.strip(" .") else f"file.{extension}"
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _in_parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join the pieces to parts of a size that S3 accepts; an empty object is an empty part."""
    held = bytearray()
    sent = False
    for piece in pieces:
        held += piece
        while len(held) >= LEAST_PART_BYTES:
            yield bytes(held[:LEAST_PART_BYTES])
            del held[:LEAST_PART_BYTES]
            sent = True
    if held or not sent:
        yield bytes(held)


def _file_key(file_id: str) -> str:
    return f"files/{file_id}"


def _quarantine_key(file_id: str) -> str:
    return f"quarantine/{file_id}"


def _thumbnail_key(file_id: str, px: int) -> str:
    return f"thumbnails/{file_id}/{px}"
