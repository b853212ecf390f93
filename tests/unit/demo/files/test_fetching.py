import hashlib
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import ClassVar

import pytest

from chat4all_local.demo.files.fetching import fetch
from chat4all_local.demo.files.observed import Content

BODY = bytes(range(256)) * 10_000


class _Files(BaseHTTPRequestHandler):
    headers_seen: ClassVar[list[set[str]]] = []

    def do_GET(self) -> None:
        self.headers_seen.append({name.lower() for name in self.headers})
        if self.path == "/link":
            self.send_response(302)
            self.send_header("Location", "/bytes")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if self.path in {"/bytes", "/cut"} else 404)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(BODY if self.path != "/cut" else BODY[:1000])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    _Files.headers_seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_link_is_followed_to_the_bytes_without_a_key(url: str) -> None:
    told: list[int] = []
    content = fetch(f"{url}/link", told.append, Event())
    assert content == Content(len(BODY), hashlib.sha256(BODY).hexdigest())
    assert sum(told) == len(BODY)
    assert len(_Files.headers_seen) == 2
    assert not set.union(*_Files.headers_seen) & {"x-api-key", "authorization"}


@pytest.mark.parametrize("path", ["/gone", "/cut"])
def test_what_is_refused_or_cut_off_did_not_come_whole(url: str, path: str) -> None:
    assert fetch(f"{url}{path}", lambda _: None, Event()).sha256 is None


def test_nothing_is_fetched_any_more_when_all_is_over(url: str) -> None:
    over = Event()
    over.set()
    assert fetch(f"{url}/bytes", lambda _: None, over) == Content(0, None)


def test_where_nobody_answers_nothing_came(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat4all_local.demo.files.fetching._AS_A_BROWSER", False)
    assert fetch("http://127.0.0.1:9/link", lambda _: None, Event()) == Content(0, None)
