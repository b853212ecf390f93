"""Files in memory: their records, their bytes and the links to them."""

import hashlib
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from chat4all.domain.files.file import FileEvent, FileStatus, StoredFile
from chat4all.services.files.ports import ObjectTooLarge, StoredObject, StoredPart
from tests.fakes.people import NOW

PIECE_BYTES = 1024 * 1024
FILE_ID = "f1"


def a_scanning_file(content_type: str, **changes: object) -> StoredFile:
    file = StoredFile(
        file_id=FILE_ID,
        filename="a.name",
        content_type=content_type,
        size=0,
        status=FileStatus.SCANNING,
        created_at="2026-01-31T12:00:00.000Z",
        expires_at="2026-03-02T12:00:00.000Z",
        owner="key-1",
    )
    return replace(file, **changes)


def a_file(file_id: str = "file-1", /, **fields: object) -> StoredFile:
    """Build a file, which is READY and belongs to the key `key-1` unless `fields` say otherwise."""
    made = {
        "filename": "invoice.pdf",
        "content_type": "application/pdf",
        "size": 1000,
        "status": FileStatus.READY,
        "owner": "key-1",
        "created_at": NOW,
        "expires_at": NOW,
        **fields,
    }
    return StoredFile(file_id, **made)  # type: ignore[arg-type]


class MemoryFiles:
    """The records of files; `saves` has every saved version in order."""

    def __init__(self, *files: StoredFile) -> None:
        self.files = {file.file_id: file for file in files}
        self.due_at: dict[str, str] = {}
        self.reads = 0
        self.saves: list[StoredFile] = []
        self._links: dict[str, tuple[str, int]] = {}
        self._lock = threading.RLock()

    def add(self, file: StoredFile, due_at: str) -> bool:
        with self._lock:
            if file.file_id in self.files:
                return False
            self.files[file.file_id] = file
            self.due_at[file.file_id] = due_at
            return True

    def get(self, file_id: str) -> StoredFile | None:
        self.reads += 1
        return self.files.get(file_id)

    def save(self, file: StoredFile, expected: FileStatus, due_at: str | None) -> bool:
        with self._lock:
            found = self.files.get(file.file_id)
            if found is None or found.status is not expected:
                return False
            self.files[file.file_id] = file
            self.saves.append(file)
            self.due_at.pop(file.file_id, None)
            if due_at is not None:
                self.due_at[file.file_id] = due_at
            return True

    def hold(self, file: StoredFile, held: StoredFile) -> bool:
        with self._lock:
            is_same = self.files[file.file_id].needed_until == file.needed_until
            return is_same and self.save(held, FileStatus.READY, held.expires_at)

    def delete(self, file: StoredFile, deleted: StoredFile, due_at: str) -> bool:
        with self._lock:
            if self.files[file.file_id].sent_on:
                return False
            return self.save(deleted, file.status, due_at)

    def due(self, now: str, limit: int) -> list[StoredFile]:
        found = sorted((at, file_id) for file_id, at in self.due_at.items() if at <= now)
        return [self.files[file_id] for _, file_id in found[:limit]]

    def add_link(self, token_hash: str, file_id: str, expires_at: int) -> None:
        self._links[token_hash] = (file_id, expires_at)

    def linked(self, token_hash: str, now: float) -> str | None:
        file_id, expires_at = self._links.get(token_hash, (None, 0))
        return file_id if now < expires_at else None


class MemoryFileStore:
    """The bucket's objects by file id: `objects` are accepted, `quarantined` are in quarantine."""

    def __init__(self, room: int = sys.maxsize) -> None:
        """Set `room`, the largest size of an object, instead of S3's limit, which a test cannot reach."""
        self._room = room
        self.objects: dict[str, bytes] = {}
        self.stored_as: dict[str, StoredFile] = {}
        """The file as which each object was written: S3 stores the name and the type with the bytes."""
        self.quarantined: dict[str, bytes] = {}
        self.thumbnails: dict[tuple[str, int], bytes] = {}
        self.reads = 0
        self._uploads: dict[str, dict[int, bytes]] = {}

    def begin_upload(self, file: StoredFile) -> str:
        upload_id = f"upload-{file.file_id}"
        self._uploads.setdefault(upload_id, {})
        return upload_id

    def part_url(self, file: StoredFile, number: int) -> str:
        return f"https://bucket/files/{file.file_id}?uploadId={file.upload_id}&partNumber={number}"

    def put_part(self, file: StoredFile, number: int, part: bytes) -> None:
        """Upload a part, as a client does with the part's address."""
        assert file.upload_id is not None
        assert len(part) == file.bytes_of_part(number)
        self._uploads[file.upload_id][number] = part

    def stored_parts(self, file: StoredFile) -> list[StoredPart] | None:
        parts = self._uploads.get(file.upload_id or "")
        if parts is None:
            return None
        return [StoredPart(number, f'"{number}"', len(part)) for number, part in sorted(parts.items())]

    def finish_upload(self, file: StoredFile, parts: Sequence[StoredPart]) -> str | None:
        stored = self._uploads.pop(file.upload_id or "", None)
        if stored is None:
            return None
        self._keep(file, b"".join(stored[part.number] for part in parts))
        return _etag(self.objects[file.file_id])

    def abort_upload(self, file: StoredFile) -> None:
        self._uploads.pop(file.upload_id or "", None)

    def find(self, file_id: str) -> StoredObject | None:
        found = self.objects.get(file_id)
        return None if found is None else StoredObject(len(found), _etag(found))

    def url(self, file_id: str, seconds: int) -> str:
        return f"https://store.example/{file_id}?seconds={seconds}"

    def thumbnail_url(self, file_id: str, px: int, seconds: int) -> str:
        return f"https://bucket/thumbnails/{file_id}/{px}.jpg?expires={seconds}"

    def stream(self, file_id: str) -> Iterator[bytes]:
        whole = self.objects[file_id]
        self.reads += 1
        return (whole[at : at + PIECE_BYTES] for at in range(0, len(whole), PIECE_BYTES))

    def read_range(self, file_id: str, start: int, length: int) -> bytes:
        whole = self.objects[file_id]
        assert length > 0, "S3 has no empty range"
        assert 0 <= start < len(whole), "S3 answers 416"
        return whole[start : start + length]

    def write(self, file: StoredFile, pieces: Iterable[bytes], most_bytes: int) -> int:
        whole = b""
        for piece in pieces:
            whole += piece
            if len(whole) > min(most_bytes, self._room):
                raise ObjectTooLarge
        self._keep(file, whole)
        return len(whole)

    def put_thumbnail(self, file_id: str, px: int, jpeg: bytes) -> None:
        self.thumbnails[file_id, px] = jpeg

    def quarantine(self, file_id: str) -> None:
        if file_id in self.objects:
            self.quarantined[file_id] = self.objects.pop(file_id)

    def delete(self, file_id: str) -> None:
        self.objects.pop(file_id, None)
        for key in [key for key in self.thumbnails if key[0] == file_id]:
            del self.thumbnails[key]

    def _keep(self, file: StoredFile, whole: bytes) -> None:
        self.objects[file.file_id] = whole
        self.stored_as[file.file_id] = file


def _etag(whole: bytes) -> str:
    return f'"{hashlib.md5(whole, usedforsecurity=False).hexdigest()}"'


class RecordedFileEvents:
    def __init__(self) -> None:
        self.published: list[FileEvent] = []

    def file_event(self, event: FileEvent) -> None:
        self.published.append(event)


class FakeLinks:
    def link(self, file_id: str) -> str:
        return f"https://chat.example/l/{file_id}"
