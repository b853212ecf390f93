"""Multipart uploads whose parts are whole.

In nanio all PUTs of a part share a temporary file, and the part's MD5 is another file. Therefore two PUTs
tear the part that one of them acknowledged. Here a PUT has a file of its own, the MD5 follows the bytes in
it, and one rename makes it the part. A part that is replaced while an object is made of it is the old part or
the new part; it counts only if it has the ETag that the request names.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nanio.errors import InvalidPart, InvalidPartOrder, NoSuchUpload
from nanio.etag import multipart_etag, quote_etag, unquote_etag
from nanio.storage.backend import ObjectInfo
from nanio.storage.multipart import MultipartInit, MultipartManager, PartInfo
from nanio.storage.paths import bucket_dir, multipart_dir, multipart_init_path

from ministack_server.durable import sync_folder, sync_folders, write_all
from nanio_server.staging import Place, Staging, changes, receive

_MD5_BYTES: Final = 16
_SUFFIX: Final = ".part"
_PIECE_BYTES: Final = 1024 * 1024


class Uploads(MultipartManager):
    def __init__(self, data_dir: Path, *, chunk_size: int = 1024 * 1024) -> None:
        super().__init__(data_dir, chunk_size=chunk_size)
        self._staging = Staging(data_dir)

    def create(self, init: MultipartInit) -> str:
        upload_id: str = super().create(init)
        folder = multipart_dir(self._data_dir, upload_id)
        sync_folders(folder, folder.parent)
        return upload_id

    def abort(self, upload_id: str) -> None:
        with changes:
            self._staging.discard(self._existing(upload_id))

    async def upload_part(self, upload_id: str, part_number: int, body: AsyncIterator[bytes]) -> PartInfo:
        part = self._part(upload_id, part_number)
        self._existing(upload_id)
        file = self._staging.new_file()
        try:
            digest = await receive(body, file)
            await asyncio.to_thread(_keep, file, part, bytes.fromhex(digest.hexdigest()))
        except FileNotFoundError as error:
            raise NoSuchUpload(resource=upload_id) from error
        finally:
            file.unlink(missing_ok=True)
        return PartInfo(part_number, digest.quoted_etag(), digest.size, datetime.now(tz=UTC))

    def list_parts(self, upload_id: str) -> list[PartInfo]:
        folder = self._existing(upload_id) / "parts"
        listed = []
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            with path.open("rb") as file:
                size, md5 = _end(file.fileno())
                changed = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, tz=UTC)
            listed.append(PartInfo(int(path.stem), quote_etag(md5), size, changed))
        return listed

    def complete(self, upload_id: str, client_parts: Iterable[tuple[int, str]]) -> ObjectInfo:
        folder = self._existing(upload_id)
        init = self.load_init(upload_id)
        parts = [(number, unquote_etag(etag)) for number, etag in client_parts]
        if not parts:
            raise InvalidPart("the request names no part")
        numbers = [number for number, _ in parts]
        if numbers != sorted(set(numbers)):
            raise InvalidPartOrder
        file = self._staging.new_file()
        try:
            size = self._join(upload_id, parts, file)
            info = ObjectInfo(
                key=init.key,
                size=size,
                etag=multipart_etag(md5 for _, md5 in parts),
                last_modified=datetime.now(tz=UTC),
                content_type=init.content_type,
                user_metadata=dict(init.user_metadata),
                content_encoding=init.content_encoding,
                content_disposition=init.content_disposition,
                cache_control=init.cache_control,
            )
            with changes:
                self._existing(upload_id)
                if not bucket_dir(self._data_dir, init.bucket).is_dir():
                    raise NoSuchUpload(resource=upload_id)
                self._staging.commit(file, Place(init.bucket, init.key), info)
                self._staging.discard(folder)
        finally:
            file.unlink(missing_ok=True)
        return info

    def _join(self, upload_id: str, parts: list[tuple[int, str]], file: Path) -> int:
        """Write the parts that have these MD5s to `file`, synced; return its size."""
        total = 0
        with file.open("xb", buffering=0) as joined:
            for number, md5 in parts:
                try:
                    with self._part(upload_id, number).open("rb", buffering=0) as part:
                        size, stored = _end(part.fileno())
                        if stored != md5:
                            raise InvalidPart(f"part {number} has another ETag")
                        _copy(joined.fileno(), part.fileno(), size)
                except FileNotFoundError:
                    self._existing(upload_id)
                    raise InvalidPart(f"part {number} is missing") from None
                total += size
            os.fsync(joined.fileno())
        return total

    def _existing(self, upload_id: str) -> Path:
        folder: Path = multipart_dir(self._data_dir, upload_id)
        if not multipart_init_path(self._data_dir, upload_id).is_file():
            raise NoSuchUpload(resource=upload_id)
        return folder

    def _part(self, upload_id: str, number: int) -> Path:
        if not 1 <= number <= 10_000:
            raise InvalidPart(f"part number out of range: {number}")
        folder: Path = multipart_dir(self._data_dir, upload_id)
        return folder / "parts" / f"{number:06d}{_SUFFIX}"


def _keep(file: Path, part: Path, md5: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        write_all(descriptor, md5)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    file.rename(part)
    sync_folder(part.parent)


def _end(descriptor: int) -> tuple[int, str]:
    """Return the size of a part's bytes and their MD5, which follows them in the file."""
    size = os.fstat(descriptor).st_size - _MD5_BYTES
    return size, os.pread(descriptor, _MD5_BYTES, size).hex()


def _copy(target: int, source: int, size: int) -> None:
    offset = 0
    while offset < size:
        sent = os.sendfile(target, source, offset, min(_PIECE_BYTES, size - offset))
        if not sent:
            raise OSError("a stored part is shorter than it was")
        offset += sent
