"""The ports of the file use cases. As in `messaging.ports`, every method may raise Unavailable."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from chat4all.domain.files.file import FileEvent, FileStatus, StoredFile


class StoredPart(msgspec.Struct, frozen=True):
    """An upload part that S3 has stored; `etag` includes its quotation marks, `size` is in bytes."""

    number: int
    etag: str
    size: int


class StoredObject(msgspec.Struct, frozen=True):
    """A stored object; `etag` includes its quotation marks, `size` is in bytes."""

    size: int
    etag: str


class ObjectTooLarge(Exception):
    """The object has more bytes than allowed; nothing was stored."""


class PartsRefused(Exception):
    """The store does not join the parts as they were listed; the upload goes on. `code` is the store's.

    `part_number` is the part that the store names, if it names a part.
    """

    def __init__(self, code: str, part_number: int | None) -> None:
        super().__init__(code)
        self.code = code
        self.part_number = part_number


class FileStore(Protocol):
    """The bytes of files, in S3. An object is never completely in memory."""

    def begin_upload(self, file: StoredFile) -> str:
        """Begin a multipart upload with the file's name, type and disposition; return its id."""
        ...

    def part_url(self, file: StoredFile, number: int) -> str:
        """Return an address that takes a PUT of the upload part, of exactly its length, for some hours."""
        ...

    def stored_parts(self, file: StoredFile) -> list[StoredPart] | None:
        """Return the stored upload parts by number; None if the upload does not exist (any more)."""
        ...

    def finish_upload(self, file: StoredFile, parts: Sequence[StoredPart]) -> str | None:
        """Join the parts into an object; return its ETag, or None if the upload does not exist (any more).

        Raises PartsRefused.
        """
        ...

    def abort_upload(self, file: StoredFile) -> None: ...

    def find(self, file_id: str) -> StoredObject | None:
        """Return the object; None if there is no such object."""
        ...

    def url(self, file_id: str, seconds: int) -> str:
        """Return an address where the object can be read, whole or in ranges, for so many seconds."""
        ...

    def thumbnail_url(self, file_id: str, px: int, seconds: int) -> str: ...

    def stream(self, file_id: str) -> Iterator[bytes]:
        """Yield all bytes in pieces of at most 1 MiB."""
        ...

    def read_range(self, file_id: str, start: int, length: int) -> bytes: ...

    def write(self, file: StoredFile, pieces: Iterable[bytes], most_bytes: int) -> int:
        """Store the bytes as they come; return their number. Raises ObjectTooLarge."""
        ...

    def put_thumbnail(self, file_id: str, px: int, jpeg: bytes) -> None: ...

    def quarantine(self, file_id: str) -> None:
        """Move the object to a place where it cannot be read; doing so again changes nothing."""
        ...

    def delete(self, file_id: str) -> None:
        """Delete the object and its thumbnails."""
        ...


class Files(Protocol):
    """The records of the files."""

    def add(self, file: StoredFile, due_at: str) -> bool:
        """Add the file; return False if its id is taken. The file sweeper handles it at `due_at`."""
        ...

    def get(self, file_id: str) -> StoredFile | None: ...

    def save(self, file: StoredFile, expected: FileStatus, due_at: str | None) -> bool:
        """Replace the stored file if it has the status `expected`; else return False."""
        ...

    def hold(self, file: StoredFile, held: StoredFile) -> bool:
        """Replace a READY file by `held`, which messages need.

        Return False if it is not READY any more, or another `needed_until` was stored meanwhile.
        """
        ...

    def delete(self, file: StoredFile, deleted: StoredFile, due_at: str) -> bool:
        """Replace `file` by `deleted`; return False if its status has changed, or if it is sent on."""
        ...

    def due(self, now: str, limit: int) -> list[StoredFile]: ...

    def add_link(self, token_hash: str, file_id: str, expires_at: int) -> None: ...

    def linked(self, token_hash: str, now: float) -> str | None:
        """Return the file_id behind a link that has not expired at `now` (epoch seconds)."""
        ...


class FileEvents(Protocol):
    def file_event(self, event: FileEvent) -> None: ...


class Links(Protocol):
    def link(self, file_id: str) -> str:
        """Return an address where anybody can download the file for 24 hours."""
        ...
