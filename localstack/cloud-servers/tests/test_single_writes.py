"""An answer is one write: as uvicorn is pinned, and corrected."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ministack_server.single_writes import SingleWrites

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n"


class Recording(asyncio.Transport):
    """A transport that remembers what was written before it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self._is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closed:
            self.written.append(bytes(data))

    def close(self) -> None:
        self._is_closed = True

    def is_closing(self) -> bool:
        return self._is_closed

    def pause_reading(self) -> None:
        """Do nothing: nothing is read."""

    def resume_reading(self) -> None:
        """Do nothing: nothing is read."""


async def application(
    scope: Mapping[str, Any], _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def written(protocol: type[HttpToolsProtocol], requests: bytes) -> list[bytes]:
    """Return what a server writes when it gets the requests."""
    return asyncio.run(_written(protocol, requests))


async def _written(protocol: type[HttpToolsProtocol], requests: bytes) -> list[bytes]:
    config = Config(application, http=protocol, lifespan="off", log_config=None, access_log=False)
    config.load()
    state, transport = ServerState(), Recording()
    server = protocol(config=config, server_state=state, app_state={})
    server.connection_made(transport)
    server.data_received(requests)
    while state.tasks:
        await asyncio.gather(*state.tasks)
    await asyncio.sleep(0)  # an iteration of the event loop
    server.connection_lost(None)
    return transport.written


def test_head_and_body_are_one_write() -> None:
    request = b"GET /one HTTP/1.1\r\nhost: here\r\n\r\n"

    assert written(HttpToolsProtocol, request) == [HEAD + b"\r\n", b"/one"]  # the pinned version needs it
    assert written(SingleWrites, request) == [HEAD + b"\r\n/one"]


@pytest.mark.parametrize("protocol", [HttpToolsProtocol, SingleWrites])
def test_answers_keep_the_order_of_their_requests(protocol: type[HttpToolsProtocol]) -> None:
    requests = b"".join(b"GET /%s HTTP/1.1\r\nhost: here\r\n\r\n" % name for name in (b"one", b"two", b"six"))

    bodies = b"".join(written(protocol, requests)).split(HEAD + b"\r\n")

    assert bodies == [b"", b"/one", b"/two", b"/six"]


@pytest.mark.parametrize("protocol", [HttpToolsProtocol, SingleWrites])
def test_an_answer_is_written_before_its_connection_is_closed(protocol: type[HttpToolsProtocol]) -> None:
    request = b"GET /one HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"

    assert b"".join(written(protocol, request)) == HEAD + b"connection: close\r\n\r\n/one"
