"""Read the details of a file, and download it: only a READY file, and only with a key that may read it."""

from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock
from chat4all.domain.errors import FileNotFound, LinkNotFound, NotYourFile
from chat4all.domain.files.file import FileStatus, StoredFile, require_ready
from chat4all.services.files.download_links import hash_token
from chat4all.services.files.ports import Files, FileStore

THUMBNAIL_URL_S: Final = 3600
REDIRECT_S: Final = int(timedelta(minutes=5).total_seconds())
"""How long the client may take to begin a download; a download that has begun goes on."""


class FileDetails(msgspec.Struct, frozen=True):
    """A file. `thumbnails` are addresses that are valid for an hour, by the longer side in pixels."""

    file: StoredFile
    thumbnails: dict[str, str]


class DownloadFile:
    def __init__(self, files: Files, store: FileStore, clock: Clock) -> None:
        self._files = files
        self._store = store
        self._clock = clock

    def details(self, file_id: str, reader: str) -> FileDetails:
        """Return the details of a file; `reader` is the key's id. Raises NotFound, Forbidden."""
        file = self._readable(file_id, reader)
        shown = file.thumbnails if file.status is FileStatus.READY else ()
        return FileDetails(
            file, {str(px): self._store.thumbnail_url(file_id, px, THUMBNAIL_URL_S) for px in shown}
        )

    def ready(self, file_id: str, reader: str) -> StoredFile:
        """Return a file that can be downloaded; raises NotFound, Forbidden, Conflict."""
        return require_ready(self._readable(file_id, reader))

    def follow(self, token: str) -> str:
        """Return the address behind a link, valid for some minutes; raises NotFound, Conflict."""
        file_id = self._files.linked(hash_token(token), self._clock().timestamp())
        file = self._files.get(file_id) if file_id is not None else None
        if file is None:
            raise LinkNotFound("The link is wrong, or it has expired.")
        require_ready(file)
        return self._store.url(file.file_id, REDIRECT_S)

    def _readable(self, file_id: str, reader: str) -> StoredFile:
        file = self._files.get(file_id)
        if file is None:
            raise FileNotFound("There is no such file.")
        if file.owner != reader and file.conversation_id is None:
            raise NotYourFile("Another key uploaded this file.")
        return file
