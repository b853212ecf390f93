"""The load: messages, each posted at its own time, and sequentially within a conversation.

A client repeats a POST with the same message_id until it gets a 202. The API demands no more of a client.
"""

import math
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event, Lock
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec

from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.traffic.participants import Conversation

_PAUSE_S: Final = 0.25
_AGAIN: Final = (429, 502, 503, 504)


class Line(msgspec.Struct, frozen=True):
    """A message to be posted `after_s` seconds from the beginning."""

    after_s: float
    conversation: Conversation
    text: str
    message_id: str = msgspec.field(default_factory=lambda: str(uuid.uuid4()))


class Posted(msgspec.Struct, frozen=True):
    """A message that got its 202 at `at`, after `tries` since `began_at` (epoch seconds)."""

    message_id: str
    conversation: Conversation
    text: str
    began_at: float
    at: float
    tries: int


class Accepted(NamedTuple):
    """The acceptance of a message."""

    began_at: float
    at: float
    tries: int


class Cancelled(Exception):
    """The load has ended: no message is posted any more."""


def post(send: Callable[[], object], over: Event, patience_s: float = math.inf) -> Accepted:
    """Call `send`, which posts one message under one message_id, until the message is accepted.

    Raises ApiError for a permanent refusal, the last failure after `patience_s`, or Cancelled.
    """
    began_at, deadline, tries = time.time(), time.monotonic() + patience_s, 0
    while True:
        tries += 1
        try:
            send()
        except (ApiError, ApiUnreachable) as failure:
            if not _may_pass(failure) or time.monotonic() > deadline:
                raise
        else:
            return Accepted(began_at, time.time(), tries)
        if over.wait(_PAUSE_S):
            raise Cancelled


def _may_pass(failure: ApiError | ApiUnreachable) -> bool:
    return isinstance(failure, ApiUnreachable) or failure.status in _AGAIN


class Load:
    """A context manager that posts each line at its time, with `clients` threads.

    Each conversation belongs to a single client. The client posts a line late if an earlier line is not
    accepted.
    """

    def __init__(self, send: Callable[[Line], object], lines: Sequence[Line], clients: int) -> None:
        self._send = send
        self._lines = lines
        self._posted: list[Posted] = []
        self._refused: list[str] = []
        self._lock = Lock()
        self._over = Event()
        self._began = 0.0
        self._threads = ThreadPoolExecutor(clients, thread_name_prefix="client")
        self._work: list[Future[None]] = []
        places = {conversation: place for place, conversation in enumerate(self.conversations)}
        self._shares = [
            [line for line in lines if places[line.conversation] % clients == client]
            for client in range(clients)
        ]

    @property
    def conversations(self) -> list[Conversation]:
        """Return the conversations of the lines, in the order of their first lines."""
        return list(dict.fromkeys(line.conversation for line in self._lines))

    @property
    def size(self) -> int:
        """Return the number of the messages to be posted."""
        return len(self._lines)

    @property
    def duration_s(self) -> float:
        return self._lines[-1].after_s

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._work = [self._threads.submit(self._post_all, share) for share in self._shares]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop posting."""
        self._over.set()
        self._threads.shutdown()

    def posted(self) -> list[Posted]:
        """Return the accepted messages, in the order of acceptance within each conversation."""
        with self._lock:
            return list(self._posted)

    def refused(self) -> list[str]:
        """Return the refusals after which a client does not repeat the POST. There should be none."""
        with self._lock:
            return list(self._refused)

    def wait_for_share(self, share: float) -> None:
        """Wait until `share` (0 to 1) of the load's duration has passed."""
        self._over.wait(max(0.0, self._began + share * self.duration_s - time.monotonic()))

    def join(self, within_s: float) -> bool:
        """Wait until every message is accepted or refused; return whether that happened in time."""
        done, left = wait(self._work, timeout=within_s)
        for work in done:
            work.result()
        return not left

    def _post_all(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if self._over.wait(max(0.0, self._began + line.after_s - time.monotonic())):
                return
            try:
                accepted = post(partial(self._send, line), self._over)
            except Cancelled:
                return
            except ApiError as refusal:
                with self._lock:
                    self._refused.append(str(refusal))
            else:
                with self._lock:
                    self._posted.append(Posted(line.message_id, line.conversation, line.text, *accepted))
