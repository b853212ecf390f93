"""Forward connections from Docker's bridge to 127.0.0.1, so that containers can reach a local cloud.

`sam local --docker-network host` does not put a container on the host's network
(https://github.com/aws/aws-sam-cli/pull/7278). On Linux, `host.docker.internal` is the address of Docker's
bridge, where a local cloud does not listen. Docker Desktop forwards to 127.0.0.1 by itself.
"""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

from chat4all_local.cloud.settings import LOCALHOST

_PIECE: Final = 65_536


@contextmanager
def forwarded(ports: Iterable[int], address: str, device: str) -> Iterator[None]:
    """Forward `ports` of the bridge's `address` to 127.0.0.1 until the block ends.

    Only connections through the bridge `device` are accepted, so only its containers can connect. Raises
    OSError if a port is taken.
    """
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(_serving(_Forwarder(address, port, device)))
        yield


class _Forwarder(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: str, port: int, device: str) -> None:
        self._device = device
        super().__init__((address, port), _Connection)

    def server_bind(self) -> None:
        # Other machines cannot reach this socket, even through the bridge's address.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
        super().server_bind()


@contextmanager
def _serving(server: _Forwarder) -> Iterator[None]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Connection(BaseRequestHandler):
    request: socket.socket
    server: _Forwarder

    def handle(self) -> None:
        port = self.server.server_address[1]
        with socket.create_connection((LOCALHOST, port)) as there:
            back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
            back.start()
            _copy(self.request, there)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
