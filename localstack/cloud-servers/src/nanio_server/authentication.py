"""The headers that a signature must cover, as on S3.

nanio checks the signature over the headers that the request names as signed, and takes all others, too. S3
refuses an `x-amz-*` header that is not signed, and in a presigned request also Content-MD5.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from nanio.auth.credentials import CredentialResolver
from nanio.auth.middleware import SigV4Middleware
from nanio.auth.sigv4 import UNSIGNED_PAYLOAD, VerifiedRequest, parse_authorization_header
from nanio.errors import AccessDenied, SignatureDoesNotMatch
from starlette.requests import Request
from starlette.types import ASGIApp

from nanio_server.digests import Digests

_PAYLOAD: Final = "x-amz-content-sha256"


class HeadersNotSigned(AccessDenied):
    message = "There were headers present in the request which were not signed"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self._names = ", ".join(sorted(names))

    def to_xml(self) -> bytes:
        element = f"<HeadersNotSigned>{escape(self._names)}</HeadersNotSigned></Error>"
        xml: bytes = super().to_xml()
        return xml.replace(b"</Error>", element.encode())


class Authentication(SigV4Middleware):
    def __init__(self, app: ASGIApp, *, credentials: CredentialResolver, disabled: bool = False) -> None:
        super().__init__(Digests(app), credentials=credentials, disabled=disabled)

    def _verify(self, request: Request) -> VerifiedRequest:
        verified = super()._verify(request)
        sent = {name.lower() for name in request.headers}
        presigned = parse_qs(request.url.query).get("X-Amz-SignedHeaders")
        if presigned:
            signed = set(presigned[0].split(";"))
            # S3 takes the payload's hash from this header; the signature is then over another hash.
            if _PAYLOAD in sent - signed and request.headers[_PAYLOAD] != UNSIGNED_PAYLOAD:
                raise SignatureDoesNotMatch
            must_be_signed = {name for name in sent if name.startswith("x-amz-") or name == "content-md5"}
            must_be_signed.discard(_PAYLOAD)
        else:
            signed = set(parse_authorization_header(request.headers["authorization"]).signed_headers)
            must_be_signed = {name for name in sent if name.startswith("x-amz-")}
        if unsigned := must_be_signed - signed:
            raise HeadersNotSigned(unsigned)
        return verified
