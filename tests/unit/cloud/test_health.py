import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from chat4all_local.cloud.health import is_healthy
from chat4all_local.cloud.ports import choose_ports
from tests.unit.serving import serving


class Starting(BaseHTTPRequestHandler):
    """A component that is ready from the third request on."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.asked > 2 and self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def starting() -> Iterator[str]:
    Starting.asked = 0
    with serving(Starting) as here:
        yield here


def nowhere() -> str:
    return f"http://127.0.0.1:{choose_ports(['one'], {})['one']}"


def test_what_says_when_it_is_ready_is_healthy_when_it_says_so(starting: str) -> None:
    assert [is_healthy([starting], f"{starting}/ready") for _ in range(3)] == [False, False, True]


def test_what_does_not_say_it_is_ready_is_not_healthy() -> None:
    assert not is_healthy([], f"{nowhere()}/ready")


def test_what_says_nothing_is_healthy_when_everywhere_it_accepts_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert is_healthy([here])
        assert not is_healthy([here, nowhere()])
