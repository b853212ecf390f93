"""Who may send a delivery, and for how long."""

from enum import Enum, auto

import msgspec

from chat4all.domain.records import DeliveryPart


class Claimed(msgspec.Struct, frozen=True):
    """The delivery is ours to send until the claim ends.

    `taken_over` says that a process died between claiming and recording: the provider may have the
    message already (G3).
    """

    delivery: DeliveryPart
    claim_id: str
    failures: int
    taken_over: bool


class Counts(Enum):
    """What a send that came to nothing counts as, on its delivery."""

    FAILURE = auto()
    """The provider failed; so many end the delivery."""
    ATTEMPT = auto()
    """It was a probe of a channel that had failed: its failure says little about this delivery."""
    NOTHING = auto()


class ClaimRefused(msgspec.Struct, frozen=True):
    """The delivery is done, or another process has it until `until` (epoch seconds).

    PENDING and no `until`: it is in a later round than what was requested.
    """

    delivery: DeliveryPart
    until: float | None
