"""A fake clamd: it reads as strictly as the real clamd, and gives the answer that a test sets."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class FakeClamd:
    answer: bytes = b"stream: OK\0"
    limit: int | None = None
    """StreamMaxLength: beyond it, the real clamd answers and hangs up in the middle of the stream."""
    received: list[bytes] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self, path: Path) -> Iterator[str]:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            with self._serving(server):
                yield str(path)

    @contextmanager
    def listening_on_tcp(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server, self._serving(server):
            yield f"127.0.0.1:{server.getsockname()[1]}"

    @contextmanager
    def _serving(self, server: socket.socket) -> Iterator[None]:
        thread = threading.Thread(target=self._serve, args=[server])
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        if stream.read(10) != b"zINSTREAM\0":
            self.mistakes.append("no zINSTREAM")
            return
        got = b""
        while True:
            prefix = stream.read(4)
            if len(prefix) < 4:
                self.mistakes.append("the stream had no end")
                return
            (length,) = struct.unpack(">I", prefix)
            if length == 0:
                break
            got += stream.read(length)
            if self.limit is not None and len(got) > self.limit:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.received.append(got)
        connection.sendall(self.answer)
