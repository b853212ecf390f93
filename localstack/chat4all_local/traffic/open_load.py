"""The open load: requests that are sent when they are due, and never wait for the answers to other requests.

The latency of a request runs from the moment at which it was due. If the generator itself is late, its
lateness is part of the latency, and `Answer.late_s` says how much it was. Every request in flight has a
connection of its own; a connection is used again after its answer.
"""

import asyncio
import resource
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import h11
import msgspec

ANSWER_WITHIN_S: Final = 30.0
_REFUSALS: Final = (429, 503)
_READ_BYTES: Final = 65_536


class Due(msgspec.Struct, frozen=True):
    """A request that is due `after_s` seconds from the beginning, and its documented `expected` status."""

    after_s: float
    method: str
    path: str
    expected: int
    body: bytes = b""
    key: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Outcome(StrEnum):
    """The outcome of a request. Only a 429 or 503 with Retry-After is a refusal."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


class Answer(msgspec.Struct, frozen=True):
    """The end of a request: `seconds` from its due moment, of which the generator was late by `late_s`.

    `sent_at` and `at` are epoch seconds. `problem` is empty, or says what was wrong.
    """

    request: Due
    outcome: Outcome
    seconds: float
    late_s: float
    sent_at: float
    at: float
    problem: str = ""


class OpenLoad:
    """Sends requests to `base_url` when they are due. Another thread may read `answers` and `in_flight`."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        address = urlsplit(base_url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._prefix = address.path
        self._headers = {"host": address.netloc, "content-type": "application/json", **headers}
        self._answer_within_s = answer_within_s
        self._idle: list[_Connection] = []
        self.answers: list[Answer] = []
        self.in_flight = 0

    def run(self, requests: Iterable[Due]) -> list[Answer]:
        """Send the requests, which are in the order of their due times; return when each has ended."""
        allow_many_connections()
        asyncio.run(self._run(requests))
        return self.answers

    async def _run(self, requests: Iterable[Due]) -> None:
        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                for request in requests:
                    await asyncio.sleep(began + request.after_s - time.monotonic())
                    self.in_flight += 1
                    tasks.create_task(self._send(request, began + request.after_s))
        finally:
            while self._idle:
                self._idle.pop().close()

    async def _send(self, request: Due, due: float) -> None:
        sent, sent_at = time.monotonic(), time.time()
        try:
            async with asyncio.timeout(self._answer_within_s):
                outcome, problem = await self._exchange(request)
        except TimeoutError:
            outcome, problem = Outcome.FAILED, "timeout"
        except (OSError, h11.ProtocolError) as error:
            outcome, problem = Outcome.FAILED, type(error).__name__
        seconds = time.monotonic() - due
        self.in_flight -= 1
        self.answers.append(Answer(request, outcome, seconds, sent - due, sent_at, time.time(), problem))

    async def _exchange(self, request: Due) -> tuple[Outcome, str]:
        connection = self._take_idle() or await _Connection.open(self._host, self._port)
        try:
            answer = await connection.exchange(
                h11.Request(
                    method=request.method,
                    target=self._prefix + request.path,
                    headers=[
                        *{**self._headers, **dict(request.headers)}.items(),
                        ("Content-Length", str(len(request.body))),
                    ],
                ),
                request.body,
            )
        except BaseException:  # a cancelled request, too, leaves a connection that nobody may use again
            connection.close()
            raise
        if connection.is_reusable():
            self._idle.append(connection)
        else:
            connection.close()
        return judge(request, answer)

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_ended():
                return connection
            connection.close()
        return None


def judge(request: Due, answer: h11.Response) -> tuple[Outcome, str]:
    """Judge an answer: as documented, a clear refusal that says when to come again, or a failure."""
    if answer.status_code == request.expected:
        return Outcome.ANSWERED, ""
    has_retry_after = any(name == b"retry-after" for name, _ in answer.headers)
    if answer.status_code in _REFUSALS and has_retry_after:
        return Outcome.REFUSED, str(answer.status_code)
    return Outcome.FAILED, str(answer.status_code)


def allow_many_connections() -> None:
    """Raise this process's limit of open files as far as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Connection:
    """A connection that carries one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT)

    @classmethod
    async def open(cls, host: str, port: int) -> "_Connection":
        return cls(*await asyncio.open_connection(host, port))

    async def exchange(self, request: h11.Request, body: bytes) -> h11.Response:
        """Send the request and read the whole answer. Raises OSError, h11.ProtocolError."""
        sent = self._protocol.send(request) or b""
        sent += self._protocol.send(h11.Data(data=body)) or b""
        sent += self._protocol.send(h11.EndOfMessage()) or b""
        self._writer.write(sent)
        answer: h11.Response | None = None
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(await self._reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                answer = event
            elif isinstance(event, h11.EndOfMessage) and answer is not None:
                return answer
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the server closed the connection before its answer")

    def is_reusable(self) -> bool:
        """Make the connection ready for its next request; return whether that is possible."""
        if self._protocol.our_state is not h11.DONE or self._protocol.their_state is not h11.DONE:
            return False
        self._protocol.start_next_cycle()
        return True

    def is_ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()
