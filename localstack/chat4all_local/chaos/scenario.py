"""A scenario: what breaks, and what may come of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import msgspec

from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.traffic.load import Load
from chat4all_local.traffic.participants import Conversation

AFTER_A_KILL_S: Final = 3.7
AFTER_A_RESTART_S: Final = 10.0


class Strike(msgspec.Struct, frozen=True):
    """Something broke at `at` (epoch seconds), until `until` where it lasted."""

    what: str
    at: float
    channel: str | None = None
    """Where the next delivery is looked for; None: anywhere."""
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
        """What customers wrote to us."""
        self.wrongs: list[str] = []
        """What the scenario itself found wrong beside the ledger."""
        self._tell = tell

    def struck(self, what: str, *, channel: str | None = None, kills: int = 0) -> None:
        self._tell(what)
        self.strikes.append(Strike(what, time.time(), channel, kills))

    def gone(self) -> None:
        """Note that the processes that the last strike stops have ended."""
        self.strikes[-1] = msgspec.structs.replace(self.strikes[-1], gone=time.time())

    def mended(self, what: str) -> None:
        """The last strike is over."""
        self._tell(what)
        self.strikes[-1] = msgspec.structs.replace(self.strikes[-1], until=time.time())


Act = Callable[[Run], None]
"""Strikes while the load runs, and leaves everything mended."""
Setting = Callable[[CloudUnderTest], AbstractContextManager[None]]


def as_it_is(_room: CloudUnderTest) -> AbstractContextManager[None]:
    return nullcontext()


class Scenario(msgspec.Struct, frozen=True):
    """`check` looks once all has come to rest."""

    name: str
    sentence: str
    act: Act
    setting: Setting = as_it_is
    """The change of the functions before the load begins; it is undone when all is at rest.

    At a change MiniStack ends the processes of a function, whatever they work on; AWS does not. Neighbouring
    scenarios with the same setting share it.
    """
    repeats_per_kill: int = 0
    next_delivery_s: float | None = None
    """The aim; None: measured only."""
    rate_factor: float = 1.0
    isolated: str | None = None
    """The channel that alone is struck: the others' times are compared."""
    judged: bool = True
    """Whether loss, repeats and order are held against it."""
    check: Callable[[Run], None] | None = None
