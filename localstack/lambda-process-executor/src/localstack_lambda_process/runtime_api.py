"""The Lambda Runtime API for a process: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Final

from localstack_lambda_process.events import Answered, Event, InitFailed, Invocation, Ready

LOCALHOST: Final = "127.0.0.1"
_ROOT: Final = "/2018-06-01/runtime"


class RuntimeApi:
    """A Runtime API that passes one invocation at a time to its process, and reports its events.

    Call `close` at the end.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._waiting: SimpleQueue[Invocation | None] = SimpleQueue()
        self._current: Invocation | None = None
        self._has_asked = False
        self._server = _Server(self)
        threading.Thread(target=self._serve, name="lambda-runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        return f"{LOCALHOST}:{self._server.server_address[1]}"

    def give(self, invocation: Invocation) -> None:
        self._waiting.put(invocation)

    def close(self) -> None:
        """Close the API in the background. Its process has ended before."""
        self._waiting.put(None)
        threading.Thread(target=self._server.shutdown, name="lambda-runtime-api-close", daemon=True).start()

    def _serve(self) -> None:
        with self._server:
            self._server.serve_forever()

    def next(self) -> Invocation | None:
        """Wait for an invocation. Returns None after `close`."""
        if not self._has_asked:
            self._has_asked = True
            self._tell(Ready())
        self._current = self._waiting.get()
        return self._current

    def answer(self, path: str, body: bytes) -> bool:
        """Report an answer, and return whether it belongs to the current invocation."""
        if path == f"{_ROOT}/init/error":
            self._tell(InitFailed(body))
            return True
        current = self._current
        if current is None:
            return False
        asked = f"{_ROOT}/invocation/{current.request_id}"
        if path not in {f"{asked}/response", f"{asked}/error"}:
            return False
        self._current = None
        self._tell(Answered(body, is_error=path.endswith("/error")))
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a waiting thread has no work to finish

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__((LOCALHOST, 0), _Request)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_ROOT}/invocation/next":
            self._reply(404)
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        self._reply(200, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self._body()
        self._reply(202 if self.server.api.answer(self.path, body) else 400)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def _reply(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")  # awslambdaric requires it
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 (named by the base class)
        """Print nothing about requests."""
