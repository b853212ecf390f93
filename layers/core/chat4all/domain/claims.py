"""Claims: the right of a process to send a delivery, for a limited time."""

from enum import Enum, auto

import msgspec

from chat4all.domain.records import DeliveryPart


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
