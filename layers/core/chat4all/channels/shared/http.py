"""HTTP requests to a provider, over kept-alive connections."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec

from chat4all.channels.shared.file_part import FilePart, SourceFailed

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 10.0
UPLOAD_BYTES_PER_S: Final = 2_500_000
"""The slowest rate at which we may send a file, and at which the provider may store it before its answer."""
MOST_FETCHING_S: Final = 60.0
"""The longest time for a provider to fetch our files: a function has 80 s for such a delivery."""
PIECE_BYTES: Final = 256 * 1024
_CONNECTIONS: Final = 16


class HttpAnswer(msgspec.Struct, frozen=True):
    """The provider's answer; `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


class NetworkFailure(msgspec.Struct, frozen=True):
    """The provider did not answer. `may_have_arrived`: it may have received the request."""

    may_have_arrived: bool


class HttpClient:
    """A pool of connections, shared by the threads of one process. It never retries or redirects."""

    def __init__(
        self, connect_timeout_s: float = CONNECT_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s

    def post_json(
        self, url: str, body: bytes, headers: Mapping[str, str] | None = None, linked_bytes: int = 0
    ) -> HttpAnswer | NetworkFailure:
        """POST `body`, which is encoded JSON.

        `linked_bytes`: so many bytes the provider fetches from addresses in the body before it answers.
        """
        return self._request(
            "POST",
            url,
            {"content-type": "application/json", **(headers or {})},
            body=body,
            read_timeout_s=self._read_timeout_s + min(linked_bytes / UPLOAD_BYTES_PER_S, MOST_FETCHING_S),
        )

    def post_form(
        self, url: str, fields: Mapping[str, Sequence[str]], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer | NetworkFailure:
        """POST `fields`, encoded as a form; a field with several texts is repeated.

        https://url.spec.whatwg.org/#application/x-www-form-urlencoded
        """
        content_type = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode(fields, doseq=True).encode()
        return self._request("POST", url, {**content_type, **(headers or {})}, body=body)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer | NetworkFailure:
        """GET a small body, which is read whole."""
        return self._request("GET", url, headers or {})

    def delete(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer | NetworkFailure:
        return self._request("DELETE", url, headers or {})

    def post_multipart(
        self, url: str, fields: Mapping[str, str], file: FilePart
    ) -> HttpAnswer | NetworkFailure:
        """POST a form with a file, which is read while it is sent: https://www.rfc-editor.org/rfc/rfc7578

        Raises:
            SourceFailed: the file could not be read, or took too long. The provider drops the request, which
                has not begun, or has no end.
        """
        from chat4all.channels.shared.multipart import Form  # noqa: PLC0415  # only uploads need it

        form = Form(fields, file)
        allowed_s = self._read_timeout_s + file.size / UPLOAD_BYTES_PER_S
        source = self._open(file)
        try:
            return self._request(
                "POST",
                url,
                {"content-type": form.content_type, "content-length": str(form.size)},
                body=form.body(_pieces(source, time.monotonic() + allowed_s)),
                read_timeout_s=allowed_s,
            )
        finally:
            source.close()

    def _open(self, file: FilePart) -> "BaseHTTPResponse":
        """Begin to read a file of ours; raise SourceFailed if the file is not there."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # see _pool

        try:
            answer = self._pool.request(
                "GET", file.source_url, preload_content=False, retries=False, redirect=False
            )
        except HTTPError as error:
            raise SourceFailed from error
        if answer.status != 200 or answer.headers.get("content-length", str(file.size)) != str(file.size):
            answer.close()
            raise SourceFailed
        return answer

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | Iterator[bytes] | None = None,
        read_timeout_s: float | None = None,
    ) -> HttpAnswer | NetworkFailure:
        from urllib3 import Timeout  # noqa: PLC0415  # see _pool
        from urllib3.exceptions import (  # noqa: PLC0415  # see _pool
            ConnectTimeoutError,
            HTTPError,
            NewConnectionError,
        )

        options: dict[str, Any] = {}
        if read_timeout_s is not None:
            options["timeout"] = Timeout(connect=self._connect_timeout_s, read=read_timeout_s)
        try:
            answer = self._pool.request(
                method, url, body=body, headers=headers, retries=False, redirect=False, **options
            )
        except (ConnectTimeoutError, NewConnectionError):
            return NetworkFailure(may_have_arrived=False)
        except HTTPError:
            return NetworkFailure(may_have_arrived=True)
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data
        )

    @cached_property
    def _pool(self) -> "PoolManager":
        # Imported with the first request: functions that only read webhooks start without it.
        from urllib3 import PoolManager, Timeout  # noqa: PLC0415

        timeout = Timeout(connect=self._connect_timeout_s, read=self._read_timeout_s)
        return PoolManager(maxsize=_CONNECTIONS, timeout=timeout)


def _pieces(source: "BaseHTTPResponse", until: float) -> Iterator[bytes]:
    """Yield the pieces until `until`, a time of the monotonic clock; raise SourceFailed after it."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # see _pool

    try:
        for piece in source.stream(PIECE_BYTES):
            if time.monotonic() > until:
                raise SourceFailed
            yield piece
    except HTTPError as error:
        raise SourceFailed from error
