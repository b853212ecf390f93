"""What the use cases about files need of the world; as in `ports`, every method may raise Unavailable."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from chat4all.domain.files import FileEvent, FileStatus, StoredFile


class StoredPart(msgspec.Struct, frozen=True):
    """A part that S3 has; `etag` with its quotation marks, `size` in bytes."""

    number: int
    etag: str
    size: int


class ObjectTooLarge(Exception):
    """More bytes came than were allowed; nothing was stored."""


class FileStore(Protocol):
    """The bytes, in S3. Nothing of it is ever whole in memory."""

    def begin_upload(self, file: StoredFile) -> str:
        """The id of a multipart upload of the file's name, type and disposition."""
        ...

    def part_url(self, file: StoredFile, number: int) -> str:
        """Where its part may be PUT, of just this length, for some hours."""
        ...

    def stored_parts(self, file: StoredFile) -> list[StoredPart] | None:
        """By number; None: there is no such upload, or no longer."""
        ...

    def finish_upload(self, file: StoredFile, parts: Sequence[StoredPart]) -> bool:
        """Make the parts one object; False: there is no such upload, or no longer."""
        ...

    def abort_upload(self, file: StoredFile) -> None: ...

    def size_of(self, file_id: str) -> int | None:
        """In bytes; None: there is no such object."""
        ...

    def url(self, file_id: str, seconds: int) -> str:
        """Where the object may be read for so long, whole or in ranges."""
        ...

    def thumbnail_url(self, file_id: str, px: int, seconds: int) -> str: ...

    def stream(self, file_id: str) -> Iterator[bytes]:
        """All bytes in pieces of at most 1 MiB."""
        ...

    def read_range(self, file_id: str, start: int, length: int) -> bytes: ...

    def write(self, file: StoredFile, pieces: Iterable[bytes], most_bytes: int) -> int:
        """Store the bytes as they come; how many there were. Raises ObjectTooLarge."""
        ...

    def put_thumbnail(self, file_id: str, px: int, jpeg: bytes) -> None: ...

    def quarantine(self, file_id: str) -> None:
        """Away from where it can be read. Done already, it changes nothing."""
        ...

    def delete(self, file_id: str) -> None:
        """With its thumbnails."""
        ...


class Files(Protocol):
    """What is known of the files."""

    def add(self, file: StoredFile, due_at: str) -> bool:
        """False if the id is taken. `relay` looks after it at `due_at`."""
        ...

    def get(self, file_id: str) -> StoredFile | None: ...

    def save(self, file: StoredFile, expected: FileStatus, due_at: str | None) -> bool:
        """In the place of the one that has the status `expected`; else False."""
        ...

    def due(self, now: str, limit: int) -> list[StoredFile]: ...

    def add_link(self, token_hash: str, file_id: str, expires_at: int) -> None: ...

    def linked(self, token_hash: str, now: float) -> str | None:
        """The file_id behind a link that has not expired (epoch seconds)."""
        ...


class FileEvents(Protocol):
    def file_event(self, event: FileEvent) -> None: ...


class Links(Protocol):
    def link(self, file_id: str) -> str:
        """An address where anybody who has it can download the file for 24 hours."""
        ...
