import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from random import Random

import h11
import pytest

from chat4all_local.traffic.open_load import Due, OpenLoad, Outcome, judge
from chat4all_local.traffic.schedule import due_times

EMPTY_OBJECT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """A server on 127.0.0.1 that counts requests; it gives each the same answer, or no answer at all."""

    def __init__(self, answer: bytes | None, hold: threading.Event | None = None) -> None:
        self.requests = 0
        self.connections = 0
        self._answer, self._hold = answer, hold
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while read := connection.recv(65_536):
                with self._lock:
                    self.requests += read.count(b" HTTP/1.1\r\n")
                if self._hold is not None:
                    self._hold.wait(10.0)
                if self._answer is not None:
                    connection.sendall(self._answer)


@contextmanager
def serving(answer: bytes | None, hold: threading.Event | None = None) -> Iterator[Server]:
    server = Server(answer, hold)
    try:
        yield server
    finally:
        server.close()


def gets(count: int, every_s: float) -> list[Due]:
    return [Due(number * every_s, "GET", "/health", 200) for number in range(count)]


def test_a_server_that_never_answers_still_gets_every_request() -> None:
    with serving(None) as server:
        answers = OpenLoad(server.url, {}, answer_within_s=1.0).run(gets(100, every_s=0.002))

    assert server.requests == 100
    assert [answer.problem for answer in answers] == ["timeout"] * 100


def test_the_latency_runs_from_the_due_moment() -> None:
    late = [Due(-5.0, "GET", "/health", 200)]

    with serving(EMPTY_OBJECT) as server:
        (answer,) = OpenLoad(server.url, {}).run(late)

    assert answer.seconds >= answer.late_s >= 5.0


def test_a_connection_is_used_again_after_its_answer() -> None:
    with serving(EMPTY_OBJECT) as server:
        answers = OpenLoad(server.url, {}).run(gets(5, every_s=0.2))

    assert [answer.outcome for answer in answers] == [Outcome.ANSWERED] * 5
    assert server.connections < 5


def test_a_closed_port_and_a_torn_answer_are_failures() -> None:
    with serving(b"nonsense\r\n\r\n") as server:
        (torn,) = OpenLoad(server.url, {}).run(gets(1, 0.0))
    (unreachable,) = OpenLoad(server.url, {}).run(gets(1, 0.0))

    assert (torn.outcome, torn.problem) == (Outcome.FAILED, "RemoteProtocolError")
    assert (unreachable.outcome, unreachable.problem) == (Outcome.FAILED, "ConnectionRefusedError")


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, [], Outcome.ANSWERED),
        (429, [("Retry-After", "1")], Outcome.REFUSED),
        (503, [("Retry-After", "1")], Outcome.REFUSED),
        (503, [], Outcome.FAILED),
        (500, [("Retry-After", "1")], Outcome.FAILED),
        (404, [], Outcome.FAILED),
    ],
)
def test_only_a_429_or_503_with_retry_after_is_a_refusal(
    status: int, headers: list[tuple[str, str]], outcome: Outcome
) -> None:
    answer = h11.Response(status_code=status, headers=headers)

    assert judge(gets(1, 0.0)[0], answer)[0] is outcome


def test_the_due_times_rise_at_the_rate_and_repeat_with_the_seed() -> None:
    times = list(due_times(100.0, 50.0, Random(1)))  # noqa: S311 - the same schedule for the same seed

    assert times == list(due_times(100.0, 50.0, Random(1)))  # noqa: S311 - as above
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[-1] < 50.0
    assert len(times) == pytest.approx(5_000, rel=0.1)
