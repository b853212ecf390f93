"""Objects whose bytes and metadata always agree.

nanio renames an object's bytes, then its metadata. A process that dies in between leaves new bytes with the
ETag and the size of the old; a temporary file of nanio's counts as an object, and a leftover of its metadata
makes every later PUT of the key fail.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from nanio.errors import S3Error
from nanio.keys import validate_object_key
from nanio.storage.backend import GetObjectResult, ObjectInfo
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.paths import assert_inside_data_dir, metadata_path, object_path

from ministack_server.durable import sync_folder
from nanio_server.staging import Place, Staging, changes, receive, renames


class InvalidRange(S3Error):
    code = "InvalidRange"
    message = "The requested range is not satisfiable"
    http_status = 416


class Objects(FilesystemStorage):
    def __init__(self, data_dir: Path, *, chunk_size: int = 1024 * 1024) -> None:
        super().__init__(data_dir, chunk_size=chunk_size)
        self._staging = Staging(self._data_dir)

    async def put_object(
        self,
        bucket: str,
        key: str,
        body: AsyncIterator[bytes],
        *,
        content_type: str = "application/octet-stream",
        user_metadata: Mapping[str, str] | None = None,
        content_encoding: str | None = None,
        content_disposition: str | None = None,
        cache_control: str | None = None,
        expected_md5: str | None = None,
    ) -> ObjectInfo:
        self._require_bucket_dir(bucket)
        validate_object_key(key)
        assert_inside_data_dir(self._data_dir, object_path(self._data_dir, bucket, key).parent)
        file = self._staging.new_file()
        digest = await receive(body, file)
        info = ObjectInfo(
            key=key,
            size=digest.size,
            etag=digest.quoted_etag(),
            last_modified=datetime.now(tz=UTC),
            content_type=content_type,
            user_metadata=dict(user_metadata or {}),
            content_encoding=content_encoding,
            content_disposition=content_disposition,
            cache_control=cache_control,
        )
        await asyncio.to_thread(self._commit, file, Place(bucket, key), info)
        return info

    def _commit(self, file: Path, place: Place, info: ObjectInfo) -> None:
        try:
            with changes:
                self._require_bucket_dir(place.bucket)
                self._staging.commit(file, place, info)
        finally:
            file.unlink(missing_ok=True)

    async def get_object(
        self, bucket: str, key: str, *, range_start: int | None = None, range_end: int | None = None
    ) -> GetObjectResult:
        """Open the object. A last byte beyond its end is the end, as on S3."""
        info, descriptor = await asyncio.to_thread(self._open, bucket, key)
        last = info.size - 1
        first = range_start or 0
        if range_end is not None:
            last = min(last, range_end)
        ranged = range_start is not None
        if ranged and first > last:
            os.close(descriptor)
            raise InvalidRange
        body = _pieces(descriptor, first, last + 1, self._chunk_size)
        return GetObjectResult(info, body, first if ranged else None, last if ranged else None)

    def _open(self, bucket: str, key: str) -> tuple[ObjectInfo, int]:
        """Return the metadata and the open file of the same object, though it may be replaced just now."""
        with renames:
            info = self.head_object(bucket, key)
            return info, os.open(object_path(self._data_dir, bucket, key), os.O_RDONLY | os.O_NOFOLLOW)

    def _read_or_synthesize_metadata(self, bucket: str, key: str, opath: Path) -> ObjectInfo:
        with renames:
            return super()._read_or_synthesize_metadata(bucket, key, opath)

    def delete_object(self, bucket: str, key: str) -> None:
        with changes:
            with renames:
                super().delete_object(bucket, key)
            for file in (
                object_path(self._data_dir, bucket, key),
                metadata_path(self._data_dir, bucket, key),
            ):
                sync_folder(next(folder for folder in file.parents if folder.is_dir()))


async def _pieces(descriptor: int, start: int, end: int, chunk_size: int) -> AsyncIterator[bytes]:
    try:
        while start < end:
            piece = await asyncio.to_thread(os.pread, descriptor, min(chunk_size, end - start), start)
            if not piece:
                return
            yield piece
            start += len(piece)
    finally:
        os.close(descriptor)
