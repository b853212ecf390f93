"""The status of a delivery and of a message, which only moves forward (G4).

::

    PENDING ──> SENT ──> DELIVERED ──> READ
       └────────┴──> FAILED ──┴──────────┘

A step may be skipped (READ implies DELIVERED), but is never taken back. A DELIVERED delivery can no longer
fail. A FAILED delivery stays FAILED, unless its provider proves later that the person has it: DELIVERED and
READ are proof, SENT is not.

A scheduled message is SCHEDULED until its time. It becomes PENDING when it is accepted, or else CANCELLED or
FAILED. None of these steps is a step of a delivery.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec


class Status(StrEnum):
    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"
    PENDING = "PENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


class StatusChange(msgspec.Struct, frozen=True):
    """A line of a status history; `at` is ISO 8601 UTC."""

    status: Status
    at: str


_MAY_BECOME: Final[dict[Status, frozenset[Status]]] = {
    Status.SCHEDULED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.PENDING: frozenset({Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED}),
    Status.SENT: frozenset({Status.DELIVERED, Status.READ, Status.FAILED}),
    Status.DELIVERED: frozenset({Status.READ}),
    Status.READ: frozenset(),
    Status.FAILED: frozenset({Status.DELIVERED, Status.READ}),
}
OF_DELIVERIES: Final = tuple(
    status for status in Status if status not in {Status.SCHEDULED, Status.CANCELLED}
)
"""The statuses of a delivery, and of a message that was accepted."""
PROOF: Final = _MAY_BECOME[Status.FAILED]
"""The statuses that prove that the person has the message."""
_ORDER: Final = (Status.PENDING, Status.SENT, Status.DELIVERED, Status.READ)


def may_become(current: Status, new: Status) -> bool:
    """Return whether `new` is a step forward from `current`."""
    return new in _MAY_BECOME[current]


def predecessors(new: Status) -> frozenset[Status]:
    """Return the statuses from which `new` is a step forward: the condition of the write of `new`."""
    return frozenset(current for current, nexts in _MAY_BECOME.items() if new in nexts)


def of_parts(parts: Iterable[Status]) -> Status:
    """Return the status of a delivery of several provider messages: the status of the slowest part.

    A failed part fails the delivery: the person cannot read the whole text.
    """
    statuses = list(parts)
    if Status.FAILED in statuses:
        return Status.FAILED
    return _slowest(statuses)


def of_message(deliveries: Iterable[Status]) -> Status:
    """Return the status of a message: the status of its slowest recipient that did not fail.

    A message is FAILED only when every recipient failed, and PENDING as long as a recipient is PENDING.
    """
    statuses = list(deliveries)
    reached = [status for status in statuses if status is not Status.FAILED]
    if statuses and not reached:
        return Status.FAILED
    return _slowest(reached)


def _slowest(statuses: Sequence[Status]) -> Status:
    return min(statuses, key=_ORDER.index, default=Status.PENDING)
