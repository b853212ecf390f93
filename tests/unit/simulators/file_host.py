"""A stand-in for the addresses of Chat4All's files: serves pages, correctly or with a fault."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

DEADLINE_S = 20.0


@dataclass(frozen=True)
class Page:
    """A page of `size` bytes: `body`, then zeros. `length` is the announced length."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    size: int | None = None
    length: int | None = None
    location: str | None = None
    hangs: bool = False
    announces: bool = True


@dataclass
class FileHost:
    """Pages by their paths. `asked` lists the fetched paths, `served` counts the bytes that went out."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    served: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.asked.append(self.path)
                page = host.pages.get(self.path, Page(status=404))
                if page.hangs:
                    host.released.wait(DEADLINE_S)
                size = len(page.body) if page.size is None else page.size
                self.send_response(page.status)
                self.send_header("content-type", page.content_type)
                if page.announces:
                    self.send_header("content-length", str(size if page.length is None else page.length))
                if page.location is not None:
                    self.send_header("location", page.location)
                self.end_headers()
                self.close_connection = page.length is not None or not page.announces
                self._write(page.body, size)

            def _write(self, body: bytes, size: int) -> None:
                piece = body[:size] + bytes(min(65_536, size) - len(body[:size]))
                while size > 0:
                    try:
                        self.wfile.write(piece[:size])
                    except OSError:
                        return
                    host.served += len(piece[:size])
                    size -= len(piece[:size])
                    piece = bytes(65_536)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def put(self, path: str, page: Page) -> str:
        """Add a page, and return its address."""
        self.pages[path] = page
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(DEADLINE_S)
