"""A scenario: its faults, and the effects that it may have."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import msgspec

from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.traffic.load import Load, Posted
from chat4all_local.traffic.participants import Conversation

AFTER_A_KILL_S: Final = 3.7
AFTER_A_RESTART_S: Final = 10.0


class Strike(msgspec.Struct, frozen=True):
    """A fault that began at `at` (epoch seconds), and ended at `until` if it lasted for a time."""

    what: str
    at: float
    channel: str | None = None
    """The channel of the next delivery that is measured; None: any channel."""
    kills: int = 0
    until: float | None = None
    gone: float | None = None
    """The time at which the last stopped process had ended, if the stop takes time."""


class Run:
    """The cloud, the load and the notes of a scenario while it runs."""

    def __init__(
        self,
        under_test: CloudUnderTest,
        load: Load,
        conversations: Sequence[Conversation],
        tell: Callable[[str], None],
    ) -> None:
        self.under_test = under_test
        self.load = load
        self.conversations = conversations
        self.strikes: list[Strike] = []
        self.written: list[tuple[Conversation, str]] = []
        """The texts that customers wrote."""
        self.wrongs: list[str] = []
        """Faults that the scenario itself found, in addition to the ledger."""
        self.late: list[str] = []
        """Missed aims of time that the scenario itself found."""
        self.notes: list[str] = []
        """Sentences for the report."""
        self.posted: list[Posted] = []
        """The accepted messages that the scenario posted in addition to the load."""
        self.uncertain: list[Posted] = []
        """The messages whose POSTs got no 202, and were not repeated."""
        self._tell = tell

    def all_posted(self) -> list[Posted]:
        """Return the accepted messages of the load and of the scenario."""
        return [*self.load.posted(), *self.posted]

    def struck(self, what: str, *, channel: str | None = None, kills: int = 0) -> None:
        self._tell(what)
        self.strikes.append(Strike(what, time.time(), channel, kills))

    def gone(self) -> None:
        """Record that the processes that the last strike stops have ended."""
        self.strikes[-1] = msgspec.structs.replace(self.strikes[-1], gone=time.time())

    def mended(self, what: str) -> None:
        """Record that the last strike has ended."""
        self._tell(what)
        self.strikes[-1] = msgspec.structs.replace(self.strikes[-1], until=time.time())


Act = Callable[[Run], None]
"""A function that injects faults during the load, and removes them at its end."""
Setting = Callable[[CloudUnderTest], AbstractContextManager[None]]


def unchanged(_under_test: CloudUnderTest) -> AbstractContextManager[None]:
    return nullcontext()


class Scenario(msgspec.Struct, frozen=True):
    """A scenario; `check` runs when every message has its final status."""

    name: str
    sentence: str
    act: Act
    setting: Setting = unchanged
    """A change of the functions before the load; it is undone when every message has its final status.

    Consecutive scenarios with the same setting share it.
    """
    repeats_per_kill: int = 0
    next_delivery_s: float | None = None
    """The aim for the next delivery after a strike; None: measured only."""
    rate_factor: float = 1.0
    isolated: str | None = None
    """The only channel with a fault: the other channels' latencies are compared."""
    check: Callable[[Run], None] | None = None
