"""A stand-in for Chat4All's webhook endpoint: keeps the webhooks, and answers as the test asks."""

import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import msgspec

DEADLINE_S = 20.0


class Received(NamedTuple):
    headers: dict[str, str]
    body: bytes
    path: str = ""

    @property
    def json(self) -> Any:  # noqa: ANN401 (a test looks into any webhook)
        return msgspec.json.decode(self.body)


class Receiver:
    """An endpoint that answers with the statuses of `answers` first, and then with 200.

    `say` gives the type and the body of its answer to a webhook. Its GET requires `challenge_token`. While
    `gate` is closed, it does not answer. `most_at_once` is the largest number of calls that it held at once.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[int] = deque()
        self.say: Callable[[bytes], tuple[str, bytes]] = lambda body: ("text/plain", b"ok")
        self.challenge_token = ""
        self.gate = threading.Event()
        self.gate.set()
        self.most_at_once = 0
        self._now = 0
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._answer(receiver.take(Received(headers, body, self.path)), *receiver.say(body))

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                if query["hub.verify_token"] == [receiver.challenge_token]:
                    self._answer(200, "text/plain", query["hub.challenge"][0].encode())
                else:
                    self._answer(403, "text/plain", b"")

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/webhook"

    def take(self, received: Received) -> int:
        with self._changed:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.received.append(received)
            status = self.answers.popleft() if self.answers else 200
            self._changed.notify_all()
        self.gate.wait(DEADLINE_S)
        with self._changed:
            self._now -= 1
        return status

    def wait_for(self, count: int) -> list[Received]:
        """Return the webhooks once there are `count`. Fails after the deadline."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, DEADLINE_S), self.received
            return list(self.received)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(DEADLINE_S)


def eventually(condition: Callable[[], bool]) -> None:
    """Poll until `condition` holds. Fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.005)
