"""The order of a history by the time when each message was sent.

A history is stored by number, in the order of acceptance. Nearly every message gets its number within
seconds of being sent, so its place by time is near its place by number. The other messages are late: an
index lists them by time. A history by time is the merger of both::

    by number    ──▶  without the late messages  ──▶  sorted within SPREAD  ──┐
    late messages by time  ─────────────────────────────────────────────────┴──▶  by time

The numbers of a conversation rise with the time at which they are given. A message is punctual if it was
sent at most PUNCTUAL before or after that time. So of two punctual messages, the message with the higher
number was sent at most SPREAD before the other.
"""

import bisect
import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.message import Message
from chat4all.domain.received import Received

PUNCTUAL: Final = timedelta(seconds=10)
CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""How much the clocks of two processes may differ."""
SPREAD: Final = 2 * PUNCTUAL + CLOCKS_DIFFER


class SentPlace(NamedTuple):
    """The place of a message in a history by time; places sort as the messages do."""

    sent_at: str
    """The provider's time; of a message that came over no channel, the time of its acceptance."""
    sequence: str


class Numbered(Protocol):
    """A message, or its row."""

    @property
    def sequence(self) -> str: ...

    @property
    def accepted_at(self) -> str: ...

    @property
    def received(self) -> Received | None: ...


N = TypeVar("N", bound=Numbered)


def sent_place(message: Numbered) -> SentPlace:
    sent_at = message.received.sent_at if message.received is not None else message.accepted_at
    return SentPlace(sent_at, message.sequence)


def is_late(message: Message, numbered_by: datetime) -> bool:
    """Return whether the message may have got its number at another time than it was sent.

    The number was given after the acceptance, and at `numbered_by` at the latest.
    """
    sent_at = parse_iso(sent_place(message).sent_at)
    return not numbered_by - PUNCTUAL <= sent_at <= parse_iso(message.accepted_at) + PUNCTUAL


def latest_sent_first(punctual: Iterable[N], late: Iterable[N]) -> Iterator[N]:
    """Merge punctual messages, highest number first, and late messages, latest sent first.

    Reads no more of either than the next message needs.
    """
    return heapq.merge(_by_time(punctual), late, key=sent_place, reverse=True)


def _by_time(punctual: Iterable[N]) -> Iterator[N]:
    """Sort messages that come by number: a message goes out once no later sent message can follow."""
    waiting: list[N] = []
    for message in punctual:
        bisect.insort(waiting, message, key=sent_place)
        limit = _shifted(sent_place(message).sent_at, SPREAD)
        while sent_place(waiting[-1]).sent_at > limit:
            yield waiting.pop()
    yield from reversed(waiting)


def numbers_left(shown: Sequence[Message], under: str | None) -> str | None:
    """Return a number over the numbers of all punctual messages that follow the `shown` ones; None: no limit.

    `under` is that number before the first of the `shown` messages.
    """
    last = _shifted(sent_place(shown[-1]).sent_at, SPREAD)
    past = (message.sequence for message in shown if not message.late and sent_place(message).sent_at > last)
    return min(past, default=under)


def _shifted(at: str, by: timedelta) -> str:
    return iso(parse_iso(at) + by)
