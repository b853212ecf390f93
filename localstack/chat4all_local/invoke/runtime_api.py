"""The Lambda Runtime API for a single invocation, on a free port of 127.0.0.1.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from socketserver import ThreadingTCPServer
from typing import Final

import msgspec

from chat4all_local.cloud.settings import LOCALHOST

_VERSION: Final = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    request_id: str
    function_arn: str
    event: bytes
    timeout_s: float


@dataclass(frozen=True)
class Begun:
    """The function has received the event. Its timeout starts now."""


@dataclass(frozen=True)
class Answer:
    """The handler's result as JSON."""

    body: bytes


class Failure(msgspec.Struct, frozen=True, rename="camel"):
    error_type: str = "Runtime.Unknown"
    error_message: str = ""


News = Begun | Answer | Failure


class RuntimeApi(ThreadingTCPServer):
    """The server of the Runtime API.

    `news` collects the invocation's events in order, the process's end included.
    """

    daemon_threads = True

    def __init__(self, invocation: Invocation) -> None:
        super().__init__((LOCALHOST, 0), _Endpoint)
        self.invocation = invocation
        self.news: SimpleQueue[News] = SimpleQueue()
        self.closing = threading.Event()
        self._waiting = threading.Lock()

    @property
    def address(self) -> str:
        return f"{LOCALHOST}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a lost connection: the process is killed as soon as it has answered."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def take(self) -> bool:
        """Take the event. Returns False if it was taken before."""
        return self._waiting.acquire(blocking=False)


@contextmanager
def serving(invocation: Invocation) -> Iterator[RuntimeApi]:
    with RuntimeApi(invocation) as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.closing.set()
            api.shutdown()
            thread.join()


class _Endpoint(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != f"{_VERSION}/invocation/next":
            self._reply(HTTPStatus.NOT_FOUND)
        elif self.server.take():
            self._give_event(self.server.invocation)
        else:
            # No second event follows. Lambda freezes the function here; this process is killed instead.
            self.server.closing.wait()
            self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        of_invocation = f"{_VERSION}/invocation/{self.server.invocation.request_id}"
        if self.path == f"{of_invocation}/response":
            self.server.news.put(Answer(body))
        elif self.path in (f"{of_invocation}/error", f"{_VERSION}/init/error"):
            self.server.news.put(_failure(body))
        else:
            self._reply(HTTPStatus.NOT_FOUND)
            return
        self._reply(HTTPStatus.ACCEPTED, b'{"status": "OK"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the base class)
        """Print nothing: only the function's own logs are shown."""

    def _give_event(self, invocation: Invocation) -> None:
        deadline = time.time() + invocation.timeout_s
        self._reply(
            HTTPStatus.OK,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            },
        )
        self.server.news.put(Begun())

    def _reply(self, status: HTTPStatus, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _failure(body: bytes) -> Failure:
    try:
        return msgspec.json.decode(body, type=Failure)
    except msgspec.MsgspecError:
        return Failure(error_message=body.decode(errors="replace"))
