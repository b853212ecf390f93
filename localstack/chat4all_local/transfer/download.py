"""Download a file. An interrupted download is resumed, and the SHA-256 is verified at the end."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final

import urllib3

from chat4all.entrypoints.http.files import LinkView
from chat4all_local.api_client import ApiClient
from chat4all_local.transfer.backoff import tries
from chat4all_local.transfer.errors import Interrupted, TransferFailed
from chat4all_local.transfer.exclusive import exclusively
from chat4all_local.transfer.upload import Advance

_PIECE: Final = 1024 * 1024
_TRANSIENT: Final = frozenset({0, 408, 429, 500, 502, 503, 504})
_ONE_REDIRECT: Final = urllib3.Retry(connect=0, read=0, other=0, status=0, redirect=1)
"""The link redirects to the URL of the bytes. The Range header is sent there, too."""


def download(
    api: ApiClient,
    file_id: str,
    target: Path | None = None,
    *,
    began: Callable[[LinkView], None] = lambda _link: None,
    advance: Advance = lambda _bytes: None,
) -> Path:
    """Download the file to `target`, or to its own name in the current folder; return the path.

    Raises TransferFailed, ApiError, ApiUnreachable; the received bytes stay in `<name>.<part of its
    id>.part`.
    """
    link = api.file_link(file_id)
    target = target or Path(Path(link.filename).name)
    if target.exists():
        raise TransferFailed(f"{target} exists already", "name another file: --output FILE")
    began(link)
    partial = target.with_name(f"{target.name}.{file_id[:8]}.part")
    try:
        with exclusively(partial):
            with partial.open("ab+") as file:
                digest = _Download(link, file, advance).sha256()
            if link.sha256 is not None and digest != link.sha256:
                partial.unlink()
                raise TransferFailed(
                    "the downloaded bytes have a wrong SHA-256", "run the same command again: it starts over"
                )
            partial.replace(target)
    except OSError as error:
        raise TransferFailed(f"{target} cannot be written: {error.strerror or error}") from error
    return target


class _Download:
    """A download: it appends the bytes to `file`, hashes them, and reports them."""

    def __init__(self, link: LinkView, file: BinaryIO, advance: Advance) -> None:
        self._link = link
        self._file = file
        self._advance = advance
        self._digest = hashlib.sha256()
        self._have = 0
        self._pool = urllib3.PoolManager(timeout=60.0)

    def sha256(self) -> str:
        """Fetch the missing bytes, and return the SHA-256 of the whole file. Raises TransferFailed."""
        if self._file.seek(0, os.SEEK_END) > self._link.size:
            self._file.truncate(0)
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            self._take(piece)
        if self._have < self._link.size:
            tries(Event())(self._fetch_rest)
        return self._digest.hexdigest()

    def _fetch_rest(self) -> None:
        """Fetch the missing bytes.

        Raises Interrupted if bytes are still missing, and TransferFailed if the file is not served any more.
        """
        status = self._read()
        if status not in _TRANSIENT | {200, 206}:
            raise TransferFailed(f"the file is not served any more: {status}")
        if self._have != self._link.size:
            received = f"{self._have} of {self._link.size} bytes were received"
            raise Interrupted(received, "to resume, run the same command again")

    def _read(self) -> int:
        """Read the missing bytes; return the status, or 0 if the connection failed or broke off."""
        start = self._have
        try:
            answer = self._pool.request(
                "GET",
                self._link.url,
                headers={"Range": f"bytes={start}-"},
                retries=_ONE_REDIRECT,
                preload_content=False,
            )
            if answer.status == 206 or (answer.status == 200 and start == 0):
                while piece := answer.read1(_PIECE):
                    self._file.write(piece)
                    self._take(piece)
            answer.release_conn()
        except urllib3.exceptions.HTTPError:
            return 0
        return answer.status

    def _take(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._have += len(piece)
        self._advance(len(piece))
