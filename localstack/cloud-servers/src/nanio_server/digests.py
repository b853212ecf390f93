"""The digests that a request declares for its body, compared before the body counts as received.

nanio compares Content-MD5 for an object, and for a part no digest at all. S3 compares every one:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
Here CRC32C and CRC64NVME are not compared: Python has no fast function for them.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from nanio.errors import BadDigest, InvalidRequest, S3Error
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class InvalidDigest(S3Error):
    code = "InvalidDigest"
    message = "The Content-MD5 you specified is not valid."
    http_status = 400


class ContentMismatch(S3Error):
    code = "XAmzContentSHA256Mismatch"
    message = "The provided 'x-amz-content-sha256' header does not match what was computed."
    http_status = 400


class IncompleteBody(S3Error):
    code = "IncompleteBody"
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header."
    http_status = 400


def _md5() -> _Hash:
    return hashlib.md5(usedforsecurity=False)


_CHECKSUMS: Final[dict[str, Callable[[], _Hash]]] = {
    "crc32": _Crc32,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}


class _Declared:
    """A digest that a request declares, with the error of a body that has another one."""

    def __init__(self, digest: bytes, computed: _Hash, error: S3Error) -> None:
        self._digest = digest
        self.computed = computed
        self._error = error

    def check(self) -> None:
        if self.computed.digest() != self._digest:
            raise self._error


class Digests:
    """Middleware that compares the digests before the application gets the last piece of the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared: list[_Declared] | None = None

        async def compared() -> Message:
            nonlocal declared
            if declared is None:
                declared = _declared(Headers(scope=scope))
            message = await receive()
            if message["type"] == "http.disconnect":
                raise IncompleteBody
            for digest in declared:
                digest.computed.update(message.get("body", b""))
            if not message.get("more_body", False):
                for digest in declared:
                    digest.check()
            return message

        await self._app(scope, compared if scope["method"] in {"PUT", "POST"} else receive, send)


def _declared(headers: Headers) -> list[_Declared]:
    declared = []
    if "content-md5" in headers:
        md5 = _decoded(headers["content-md5"], 16, InvalidDigest())
        declared.append(_Declared(md5, _md5(), BadDigest()))
    for name, new in _CHECKSUMS.items():
        header = f"x-amz-checksum-{name}"
        if header in headers:
            computed = new()
            invalid = InvalidRequest(f"Value for {header} header is invalid.")
            value = _decoded(headers[header], len(computed.digest()), invalid)
            wrong = BadDigest(f"The {name.upper()} you specified did not match the calculated checksum.")
            declared.append(_Declared(value, computed, wrong))
    sha256 = headers.get("x-amz-content-sha256", "")
    if len(sha256) == 64:
        try:
            declared.append(_Declared(bytes.fromhex(sha256), hashlib.sha256(), ContentMismatch()))
        except ValueError:
            raise ContentMismatch from None
    return declared


def _decoded(value: str, length: int, error: S3Error) -> bytes:
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise error from None
    if len(digest) != length:
        raise error
    return digest
