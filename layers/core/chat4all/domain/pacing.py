"""The pace of batches: how fast their messages are accepted for a channel account.

The messages of all batches for an account share a line of slots, an interval apart, which is stored as the
time of its first free slot. They are accepted at 80 % of the rate that the provider takes from the account.
So the account's queue stays short, and a single answer of an agent does not wait behind a batch.

A bucket (`domain.buckets`) would not do: it lets its burst pass at once, and for Twilio's numbers that is as
much as the account sends in ten minutes.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities, LimitScope
from chat4all.domain.files.file import Attachment

SHARE: Final = 0.8
"""The share of the provider's rate that batches take."""
SLICE_S: Final = 6.0
"""The most seconds for which slots are taken at once. Shorter than a conversation is kept in memory."""
MOST_WAIT_S: Final = 5.0
"""A process waits for its first slot no longer. It then takes none, and comes again when the line is shorter.

If it never waited, a process that takes new slots as soon as its slots end would keep all others out.
"""


class Slots(msgspec.Struct, frozen=True):
    """Slots from the epoch second `start` on, or the seconds to wait until slots may be taken."""

    start: float
    wait_s: float = 0.0


def slots_at(free_at: float, now: float) -> Slots:
    """Return the first free slot of a line that is free from `free_at` on, unless it is too far ahead."""
    start = max(free_at, now)
    return Slots(start, max(0.0, start - now - MOST_WAIT_S))


def interval_s(capabilities: Capabilities, address: str, file: Attachment | None) -> float:
    """Return the seconds between two messages of batches for an account that go to such an address."""
    slowest = max(
        (
            limit.interval_s
            for limit in capabilities.limits_for(address, file)
            if limit.scope is LimitScope.ACCOUNT
        ),
        default=0.0,
    )
    return slowest / SHARE


def times(start: float, weights: Sequence[int], interval: float) -> list[float]:
    """Return the time of each message, which takes as many slots as its weight."""
    at: list[float] = []
    taken = 0
    for weight in weights:
        at.append(start + taken * interval)
        taken += weight
    return at
