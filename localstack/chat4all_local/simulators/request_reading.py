"""Reading a request within limits: a form with files piece by piece, every other body whole."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec.structs import replace
from starlette.requests import Request

from chat4all_local.simulators.multipart import FormError, read_form
from chat4all_local.simulators.provider import Call

MOST_BODY_BYTES: Final = 2**20
"""The longest body without a file. Real requests are far shorter."""
_FORM_OVERHEAD_BYTES: Final = 2**20
_MOST_DRAINED_BYTES: Final = 256 * 2**20


class _TooLarge(Exception):
    pass


async def read_call(request: Request, most_upload_bytes: int) -> Call:
    call = Call(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=b"",
    )
    content_type = call.headers.get("content-type", "")
    stream = request.stream()
    try:
        if content_type.lower().startswith("multipart/"):
            form = await read_form(content_type, _bounded(stream, most_upload_bytes + _FORM_OVERHEAD_BYTES))
            return replace(call, form=form)
        return replace(call, body=b"".join([piece async for piece in _bounded(stream, MOST_BODY_BYTES)]))
    except _TooLarge:
        await _drain(stream)
        return replace(call, too_large=True)
    except FormError as problem:
        await _drain(stream)
        return replace(call, form_problem=str(problem))


async def _bounded(stream: AsyncIterator[bytes], most_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > most_bytes:
            raise _TooLarge
        yield piece


async def _drain(stream: AsyncIterator[bytes]) -> None:
    """Read on, so that the client can finish writing and then read the answer."""
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > _MOST_DRAINED_BYTES:
            return
