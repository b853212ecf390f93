"""Claims: the right of a process to send a delivery, for a limited time."""

from datetime import timedelta
from enum import Enum, auto
from typing import Final

import msgspec

from chat4all.domain.delivery import DeliveryPart

MARGIN: Final = timedelta(seconds=5)


def claim_time(timeout_s: int) -> timedelta:
    """Return how long a claim holds: longer than a function with this timeout may run.

    So the process of an expired claim has ended.
    """
    return timedelta(seconds=timeout_s) + MARGIN


class Claimed(msgspec.Struct, frozen=True):
    """This process may send the delivery until the claim ends.

    `taken_over`: a process died between its claim and its record of the send. The provider may already have
    the message (G3).
    """

    delivery: DeliveryPart
    claim_id: str
    failures: int
    taken_over: bool


class Counts(Enum):
    """The counters that a send without a result raises on its delivery."""

    FAILURE = auto()
    """The provider failed. Too many failures end the delivery."""
    ATTEMPT = auto()
    """The send was a probe of a failed channel: its failure says little about this delivery."""
    NOTHING = auto()


class ClaimRefused(msgspec.Struct, frozen=True):
    """The delivery is settled, or another process holds it until `until` (epoch seconds).

    A PENDING delivery without `until` is in a later round than the request.
    """

    delivery: DeliveryPart
    until: float | None
