"""The load: messages at a steady rate, each conversation's strictly one after the other.

A client posts until it gets its 202, always with the same message_id: that is all that is asked of a client.
"""

import random
import time
import uuid
from collections.abc import Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

import msgspec

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.chaos.cast import Talk
from chat4all_local.chaos.machine_room import MachineRoom

CLIENTS: Final = 6
_PAUSE_S: Final = 0.25
_AGAIN: Final = (429, 502, 503, 504)
_BUSY_SHARE: Final = 0.5
_BUSY_ONE_IN: Final = 10


class Posted(msgspec.Struct, frozen=True):
    """A message that got its 202 at `at` (epoch seconds), after `tries`."""

    message_id: str
    talk: Talk
    text: str
    at: float
    tries: int


class Line(msgspec.Struct, frozen=True):
    """A message to be posted `after_s` seconds from the beginning."""

    after_s: float
    talk: Talk
    text: str


def script(scenario: str, talks: Sequence[Talk], messages: int, rate: float) -> list[Line]:
    """`messages` lines at `rate` a second: half of them in a tenth of the conversations, which are busy.

    Others in every scenario: a person may be sent only so much.
    """
    chance = random.Random(scenario)  # noqa: S311 - the same load every time
    busy = chance.sample(talks, max(3, len(talks) // _BUSY_ONE_IN))
    return [
        Line(
            number / rate,
            chance.choice(busy if chance.random() < _BUSY_SHARE else talks),
            f"{scenario} {number} {uuid.uuid4().hex[:6]}",
        )
        for number in range(messages)
    ]


class Load:
    """Runs in threads of its own for the time of a with block; `wait_for_share` tells a scenario when to strike."""

    def __init__(self, room: MachineRoom, lines: Sequence[Line]) -> None:
        self._room = room
        self._lines = lines
        self._posted: list[Posted] = []
        self._refused: list[str] = []
        self._lock = Lock()
        self._stop = Event()
        self._began = 0.0
        conversations = sorted({line.talk.conversation_id for line in lines})
        client_of = {one: number % CLIENTS for number, one in enumerate(conversations)}
        self._threads = [
            Thread(
                target=self._post_all,
                args=([line for line in lines if client_of[line.talk.conversation_id] == number],),
                name=f"client {number}",
            )
            for number in range(CLIENTS)
        ]

    @property
    def planned(self) -> int:
        return len(self._lines)

    @property
    def talks(self) -> list[Talk]:
        """In which something is said, in the order in which it is."""
        return list(dict.fromkeys(line.talk for line in self._lines))

    @property
    def duration_s(self) -> float:
        return self._lines[-1].after_s

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is posted any more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def posted(self) -> list[Posted]:
        """In the order of acceptance within each conversation."""
        with self._lock:
            return list(self._posted)

    def refused(self) -> list[str]:
        """What the API answered that no client would repeat: there should be none."""
        with self._lock:
            return list(self._refused)

    def wait_for_share(self, share: float) -> None:
        """Until so much of the load's time has passed."""
        self._stop.wait(max(0.0, self._began + share * self.duration_s - time.monotonic()))

    def join(self, within_s: float) -> bool:
        """Whether every message was accepted in time."""
        deadline = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _post_all(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if self._stop.wait(max(0.0, self._began + line.after_s - time.monotonic())):
                return
            self._post(line)

    def _post(self, line: Line) -> None:
        message_id, tries = str(uuid.uuid4()), 0
        while not self._stop.is_set():
            tries += 1
            try:
                _send(self._room.api, line, message_id)
            except ApiUnreachable:
                self._stop.wait(_PAUSE_S)
            except ApiError as refusal:
                if refusal.status not in _AGAIN:
                    with self._lock:
                        self._refused.append(str(refusal))
                    return
                self._stop.wait(_PAUSE_S)
            else:
                with self._lock:
                    self._posted.append(Posted(message_id, line.talk, line.text, time.time(), tries))
                return


def _send(api: ApiClient, line: Line, message_id: str) -> None:
    talk = line.talk
    api.send(talk.conversation_id, talk.agent_id, line.text, message_id=message_id)
