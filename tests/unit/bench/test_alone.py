"""A round with the drain paused, on a side that records its calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from chat4all_local.bench.pipeline.rounds import run_alone
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.ledger import Arrivals
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation
from chat4all_local.traffic.target import CLIENTS, Target

CONVERSATIONS = [Conversation(f"conversation-{number}", "sender", "", "") for number in range(CLIENTS)]


class WritingSide:
    """A side that answers every POST with `status`, and treats all messages as arrived."""

    def __init__(self, status: int) -> None:
        self.happened: list[str] = []
        self.conversations = CONVERSATIONS
        happened = self.happened

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                happened.append("posted")
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing: the test looks at `happened`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.target = Target(f"http://127.0.0.1:{self.server.server_port}", {})

    @contextmanager
    def drain_paused(self) -> Iterator[None]:
        self.happened.append("paused")
        try:
            yield
        finally:
            self.happened.append("resumed")

    def arrivals(self, posted: Sequence[Posted]) -> Arrivals:
        self.happened.append("arrived")
        return Arrivals({message.message_id: 0.0 for message in posted})

    def settle(self) -> None:
        self.happened.append("settled")


@contextmanager
def serving(side: WritingSide) -> Iterator[WritingSide]:
    thread = Thread(target=side.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield side
    finally:
        side.server.shutdown()
        thread.join()
        side.server.server_close()


def test_all_is_posted_to_a_settled_side_whose_drain_is_paused_and_drained_after() -> None:
    with serving(WritingSide(202)) as side:
        measured = run_alone(side, 2)

    posts = ["posted"] * (2 * CLIENTS)
    assert side.happened == ["paused", "settled", *posts, "resumed", "arrived", "settled"]
    assert len(measured.posts) == 2 * CLIENTS
    assert measured.accepted_per_s > 0


def test_the_drain_goes_on_after_a_post_that_was_refused() -> None:
    with serving(WritingSide(500)) as side, pytest.raises(CloudError, match="was answered 500"):
        run_alone(side, 1)

    assert side.happened[-1] == "resumed"
