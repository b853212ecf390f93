"""A fake of the API over HTTP: it gives the answers that a test sets, and records the requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import msgspec
import pytest

from tests.unit.serving import serving


@dataclass
class Asked:
    method: str
    path: str
    key: str
    body: object


@dataclass
class FakeApi:
    """The API's stand-in: `answers` are by method and path, and every other request gets the API's 404."""

    url: str = ""
    answers: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, method: str, path: str, body: object, status: int = 200) -> None:
        self.answers[method, path] = (status, body)


class Handler(BaseHTTPRequestHandler):
    api: ClassVar[FakeApi]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = msgspec.json.decode(self.rfile.read(length)) if length else None
        self.api.asked.append(Asked(self.command, self.path, self.headers.get("X-API-Key", ""), body))
        unknown = (
            404,
            {"error": "NOT_FOUND", "message": "There is no such thing.", "details": [], "trace_id": ""},
        )
        status, answer = self.api.answers.get((self.command, self.path), unknown)
        data = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[FakeApi]:
    Handler.api = FakeApi()
    with serving(Handler) as here:
        Handler.api.url = f"{here}/api"
        yield Handler.api
