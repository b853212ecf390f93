"""The pool of connections, against a server on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from chat4all.channels.shared.http import (
    CONNECT_TIMEOUT_S,
    MOST_FETCHING_S,
    READ_TIMEOUT_S,
    UPLOAD_BYTES_PER_S,
    HttpAnswer,
    HttpClient,
    NetworkFailure,
)
from chat4all.entrypoints.queues.deliveries import UPLOAD_NEEDED_MS


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peers: ClassVar[list[tuple[str, int]]] = []
    released: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.peers.append(self.client_address)
        if self.path == "/silent":
            self.released.wait(timeout=10)
            self.close_connection = True
            return
        if self.path == "/late":
            self.released.wait(timeout=0.3)
        if self.path == "/cut":
            self.close_connection = True
            return
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("X-Content", self.headers["content-type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base_url() -> Iterator[str]:
    Handler.peers.clear()
    Handler.released.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Handler.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(connect_timeout_s=2.0, read_timeout_s=2.0)
    yield client
    client._pool.clear()


def test_the_answer_comes_back_with_lower_case_header_names(base_url: str, client: HttpClient) -> None:
    result = client.post_json(f"{base_url}/echo", b'{"a": 1}', {"authorization": "Bearer t"})

    assert isinstance(result, HttpAnswer)
    assert (result.status, result.body) == (200, b'{"a": 1}')
    assert result.headers["x-content"] == "application/json"


def test_a_form_is_encoded_as_browsers_encode_one(base_url: str, client: HttpClient) -> None:
    result = client.post_form(
        f"{base_url}/echo", {"To": "+1650", "Body": "é & ü=1\n👋"}, {"authorization": "x"}
    )

    assert isinstance(result, HttpAnswer)
    assert result.body == b"To=%2B1650&Body=%C3%A9+%26+%C3%BC%3D1%0A%F0%9F%91%8B"
    assert result.headers["x-content"] == "application/x-www-form-urlencoded"


def test_a_connection_is_used_again(base_url: str, client: HttpClient) -> None:
    for _ in range(3):
        assert isinstance(client.post_json(f"{base_url}/echo", b"{}"), HttpAnswer)

    assert len(set(Handler.peers)) == 1


def test_a_redirect_is_answered_not_followed(base_url: str, client: HttpClient) -> None:
    result = client.post_json(f"{base_url}/moved", b"{}")

    assert isinstance(result, HttpAnswer)
    assert result.status == 302
    assert len(Handler.peers) == 1


def test_a_refused_connection_has_certainly_sent_nothing(client: HttpClient) -> None:
    unused = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = unused.server_port
    unused.server_close()

    result = client.post_json(f"http://127.0.0.1:{port}/echo", b"{}")

    assert result == NetworkFailure(may_have_arrived=False)


def test_silence_may_mean_that_the_message_arrived(base_url: str) -> None:
    client = HttpClient(connect_timeout_s=2.0, read_timeout_s=0.05)

    result = client.post_json(f"{base_url}/silent", b"{}")
    client._pool.clear()

    assert result == NetworkFailure(may_have_arrived=True)
    assert len(Handler.peers) == 1


def test_a_provider_that_fetches_our_files_first_is_given_the_time(base_url: str) -> None:
    client = HttpClient(connect_timeout_s=2.0, read_timeout_s=0.05)

    result = client.post_json(f"{base_url}/late", b"{}", linked_bytes=10 * UPLOAD_BYTES_PER_S)

    assert isinstance(result, HttpAnswer)
    assert len(Handler.peers) == 1


def test_the_longest_time_for_files_is_within_that_of_the_function() -> None:
    assert (CONNECT_TIMEOUT_S + READ_TIMEOUT_S + MOST_FETCHING_S) * 1000 < UPLOAD_NEEDED_MS


def test_a_connection_cut_before_the_answer_is_not_retried(base_url: str, client: HttpClient) -> None:
    result = client.post_json(f"{base_url}/cut", b"{}")

    assert result == NetworkFailure(may_have_arrived=True)
    assert len(Handler.peers) == 1
