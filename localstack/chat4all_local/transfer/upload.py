"""Upload a file in parallel parts. The same call resumes an interrupted upload.

::

    begin or resume ── find the unfinished upload of this file, or begin a new upload
       │
    parts ── four at a time, each retried with backoff, at a new URL if its URL has expired
       │            (meanwhile compute the file's SHA-256)
    complete ── wait until the API has inspected the file
       │
    compare ── the SHA-256 of the stored file with the local SHA-256
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Final, TypeVar

import urllib3

from chat4all.entrypoints.http.files import FileView, UploadView
from chat4all.services.files.upload_file import PartToSend
from chat4all_local.api_client import ApiClient, ApiError
from chat4all_local.transfer.backoff import tries
from chat4all_local.transfer.errors import Interrupted, TransferFailed
from chat4all_local.transfer.exclusive import exclusively
from chat4all_local.transfer.remembered import Remembered, Source, source_of
from chat4all_local.transfer.types import content_type_of
from chat4all_local.waiting import wait_until

PARALLEL_PARTS: Final = 4
INSPECTED_WITHIN_S: Final = 900.0
_LOOK_EVERY_S: Final = 0.25
_HASHED_BYTES: Final = 1024 * 1024
_EXPIRED: Final = 403
_ENDED_CODES: Final = frozenset({"FILE_COMPLETE", "UPLOAD_GONE"})

Answer = TypeVar("Answer")
Advance = Callable[[int], None]
"""A callback that gets the number of bytes stored since its last call."""


def upload(
    api: ApiClient,
    path: Path,
    *,
    conversation_id: str | None = None,
    content_type: str | None = None,
    remembered: Remembered | None = None,
    advance: Advance = lambda _bytes: None,
    complete: Callable[[FileView], None] = lambda _file: None,
) -> FileView:
    """Upload the file, and return it when it is READY and has the same SHA-256.

    `complete` is called when all bytes are stored, before the inspection.

    Raises:
        TransferFailed: the file could not be read or sent, or its status is REJECTED or INFECTED.
        ApiError, ApiUnreachable: the API refused, or did not answer.
    """
    try:
        source = source_of(api.url, path, conversation_id)
        if not path.is_file():
            raise TransferFailed(f"{path} is no file")
        kind = content_type or content_type_of(path)
        remembered = remembered or Remembered()
        with path.open("rb") as file, exclusively(remembered.lock(source)):
            return _Upload(api, source, file.fileno(), remembered, advance).run(path.name, kind, complete)
    except OSError as error:
        raise TransferFailed(f"{path} cannot be read: {error.strerror or error}") from error


class _Upload:
    def __init__(
        self, api: ApiClient, source: Source, descriptor: int, remembered: Remembered, advance: Advance
    ) -> None:
        self._api = api
        self._source = source
        self._descriptor = descriptor
        self._remembered = remembered
        self._advance = advance
        self._file_id = ""
        self._resumed: UploadView | None = None
        self._stopped = Event()
        self._pool = urllib3.PoolManager(maxsize=PARALLEL_PARTS, retries=False, timeout=60.0)

    def run(self, filename: str, content_type: str, complete: Callable[[FileView], None]) -> FileView:
        with ThreadPoolExecutor(PARALLEL_PARTS + 1, thread_name_prefix="upload") as threads:
            try:
                digest = threads.submit(self._sha256)
                if not self._is_whole():
                    self._send_missing(self._begin_or_resume(filename, content_type), threads)
                    complete(self._retried(lambda: self._api.complete_file(self._file_id)))
                file = self._inspected(self._file_id)
                self._compare(file, digest.result())
            except BaseException:
                self._stopped.set()
                raise
        self._remembered.forget(self._source)
        return file

    def _is_whole(self) -> bool:
        """Return whether an earlier run uploaded all parts, and complete the upload if necessary."""
        known = self._remembered.file_id(self._source)
        if known is None:
            return False
        try:
            self._resumed = self._retried(lambda: self._api.file_parts(known, 1))
        except ApiError as error:
            if error.body.error not in _ENDED_CODES:
                return False
            try:
                self._retried(lambda: self._api.complete_file(known))
            except ApiError:
                return False
            self._file_id = known
            return True
        return False

    def _begin_or_resume(self, filename: str, content_type: str) -> UploadView:
        """Return the resumed upload, or begin a new upload."""
        if self._resumed is not None:
            self._file_id = self._resumed.file_id
            self._advance(sum(part.size for part in self._resumed.stored))
            return self._resumed
        source = self._source
        upload = self._retried(
            lambda: self._api.create_file(filename, source.size, content_type, source.conversation_id)
        )
        self._file_id = upload.file_id
        self._remembered.keep(self._source, upload.file_id)
        return upload

    def _send_missing(self, upload: UploadView, threads: ThreadPoolExecutor) -> None:
        """Send the missing parts. Only the parts in flight are in memory: a few of 8 MiB."""
        sending: set[Future[None]] = set()
        for part in self._missing(upload):
            sending.add(threads.submit(self._send, part, upload.part_size))
            if len(sending) >= PARALLEL_PARTS:
                done, sending = wait(sending, return_when=FIRST_COMPLETED)
                _raise_first(done)
        _raise_first(wait(sending).done)

    def _missing(self, upload: UploadView) -> Iterator[PartToSend]:
        while True:
            yield from upload.parts
            if upload.next_from is None:
                return
            upload = self._more(upload.next_from)

    def _more(self, start: int) -> UploadView:
        return self._retried(lambda: self._api.file_parts(self._file_id, start))

    def _send(self, part: PartToSend, part_size: int) -> None:
        body = os.pread(self._descriptor, part.size, (part.part_number - 1) * part_size)
        if len(body) != part.size:
            raise TransferFailed("the file became shorter during the upload", "upload it again")
        tries(self._stopped)(self._store, part, body)

    def _store(self, part: PartToSend, body: bytes) -> None:
        """Store the part, at a new URL if its URL has expired. Raises Interrupted if S3 refuses the part."""
        if self._stopped.is_set():
            return
        status = self._put(part.url, body)
        if status == _EXPIRED:
            status = self._put(self._fresh_url(part), body)
        if status != 200:
            raise Interrupted(
                f"part {part.part_number} was not stored: {status or 'no answer'}",
                "to resume, run the same command again",
            )
        self._advance(part.size)

    def _put(self, url: str, body: bytes) -> int:
        """Put the part, and return the status; 0 if there was no answer."""
        try:
            return self._pool.request("PUT", url, body=body).status
        except urllib3.exceptions.HTTPError:
            return 0

    def _fresh_url(self, part: PartToSend) -> str:
        upload = self._api.file_parts(self._file_id, part.part_number)
        return next((fresh.url for fresh in upload.parts if fresh.part_number == part.part_number), part.url)

    def _sha256(self) -> str:
        digest = hashlib.sha256()
        place = 0
        while piece := os.pread(self._descriptor, _HASHED_BYTES, place):
            if self._stopped.is_set():
                break
            digest.update(piece)
            place += len(piece)
        return digest.hexdigest()

    def _retried(self, call: Callable[[], Answer]) -> Answer:
        """Retry an idempotent API call until the API answers."""
        return tries(self._stopped)(call)

    def _inspected(self, file_id: str) -> FileView:
        def inspected() -> FileView | None:
            file = self._retried(lambda: self._api.file(file_id))
            return None if file.status in {"PENDING", "SCANNING"} else file

        try:
            return wait_until("the inspection", inspected, within_s=INSPECTED_WITHIN_S, every_s=_LOOK_EVERY_S)
        except TimeoutError as late:
            raise TransferFailed(
                "the file is stored, but was not inspected in time", "see: chat4all logs files"
            ) from late

    def _compare(self, file: FileView, digest: str) -> None:
        if file.status != "READY":
            self._remembered.forget(self._source)
            why = f": {file.error.message}" if file.error else ""
            raise TransferFailed(f"the file is {file.status}{why}")
        if file.sha256 != digest:
            self._remembered.forget(self._source)
            raise TransferFailed(
                f"the stored file has a different SHA-256: {file.sha256}, not {digest}",
                "the file changed during the upload: upload it again",
            )


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        future.result()
