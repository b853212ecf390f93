"""The HTTP application of a simulator: the provider's API on every path, and `/_control` beside it."""

import asyncio
import socket
import struct
import time
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from chat4all_local.simulators.control import control_routes
from chat4all_local.simulators.provider import Answer
from chat4all_local.simulators.reply import Ending
from chat4all_local.simulators.request_reading import read_call
from chat4all_local.simulators.serving import Serving
from chat4all_local.simulators.simulator import Simulator

TRANSPORT: Final = "transport"
"""The key under which the server puts a connection's transport in the scope's state."""
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


def simulator_app(simulator: Simulator) -> Starlette:
    async def provider(request: Request) -> Response:
        call = await read_call(request, simulator.provider.most_upload_bytes)
        reply = await simulator.receive(call, time.time())
        await asyncio.sleep(reply.delay_s)
        await simulator.account.store.synced()
        if reply.serving is not None:
            return FileBody(reply.serving)
        if reply.answer is None:
            return Hangup(reset=reply.ending is Ending.RESET)
        return _response(reply.answer)

    return Starlette(
        routes=[
            Mount("/_control", routes=control_routes(simulator)),
            Route("/{path:path}", provider, methods=_METHODS),
        ]
    )


class FileBody(Response):
    """A response with the bytes of a customer's file, intact or with the fault that was asked for."""

    def __init__(self, serving: Serving) -> None:
        super().__init__()
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serving = self._serving
        headers = [(b"content-type", serving.content_type.encode("latin-1"))]
        if serving.content_length is not None:
            headers.append((b"content-length", str(serving.content_length).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in serving.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if serving.is_cut:
            await Hangup(reset=False)(scope, receive, send)
        else:
            await send({"type": "http.response.body", "body": b""})


class Hangup(Response):
    """A response that closes or resets the connection without an answer."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = scope["state"][TRANSPORT]
        connection = transport.get_extra_info("socket")
        if self._reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def _response(answer: Answer) -> Response:
    headers = {"retry-after": str(answer.retry_after)} if answer.retry_after is not None else {}
    if answer.location is not None:
        headers["location"] = answer.location
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)
