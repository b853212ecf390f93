"""The HTTP face of one simulator: the provider's API on every path, `/_control` beside it."""

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
from chat4all_local.simulators.provider import Answer, Call
from chat4all_local.simulators.simulator import Ending, Simulator

TRANSPORT: Final = "transport"
"""Where the server puts a connection's transport in the scope's state."""
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


def simulator_app(simulator: Simulator) -> Starlette:
    async def provider(request: Request) -> Response:
        call = await _read(request)
        reply = simulator.receive(call, time.time())
        await asyncio.sleep(reply.delay_s)
        if reply.answer is None:
            return Hangup(reset=reply.ending is Ending.RESET)
        return _response(reply.answer)

    return Starlette(
        routes=[
            Mount("/_control", routes=control_routes(simulator)),
            Route("/{path:path}", provider, methods=_METHODS),
        ]
    )


class Hangup(Response):
    """No answer: the connection is closed, or reset, under the caller's eyes."""

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


async def _read(request: Request) -> Call:
    return Call(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
    )


def _response(answer: Answer) -> Response:
    headers = {"retry-after": str(answer.retry_after)} if answer.retry_after is not None else None
    return Response(answer.body, answer.status, headers, media_type="application/json")
