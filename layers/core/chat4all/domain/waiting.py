"""The records that wait for `relay`: due messages, parked statuses, held deliveries, fallbacks."""

from typing import Final

import msgspec

from chat4all.domain.events import MessageAccepted, Recipient, Refusal, StatusUpdate
from chat4all.domain.message import Message
from chat4all.domain.plan import Skipped

BATCH: Final = 100
"""The number of waiting records that a job of `relay` takes at once."""


class DueMessage(msgspec.Struct, frozen=True):
    """A message whose deliveries `relay` checks, and the time at which it was due."""

    message: Message
    due_at: str


class ParkedStatus(msgspec.Struct, frozen=True):
    """A status without a known delivery, stored until the send is recorded or the status expires."""

    update: StatusUpdate
    due_at: str
    expires_at: str


class Fallback(msgspec.Struct, frozen=True):
    """The route by which a recipient is reached now: number `position` of the routes in `event`."""

    event: MessageAccepted
    """The event has only this recipient."""
    position: int
    due_at: str | None
    """The time at which `relay` checks that the delivery is confirmed; None: no check is due."""
    routed: bool
    """The deliveries at `position` were put into the channel's queue."""
    skipped: tuple[Skipped, ...] = ()
    """The steps of routes that were no longer possible in their turn."""

    @property
    def recipient(self) -> Recipient:
        return self.event.recipients[0].at(self.position)

    @property
    def refusal(self) -> Refusal | None:
        """Return why the present route is not possible; None if it is, or if it was not weighed yet."""
        step = self.recipient.step
        refusals = (Refusal(skipped.code, skipped.reason) for skipped in self.skipped if skipped.step == step)
        return next(refusals, None)


class HoldingQueue(msgspec.Struct, frozen=True):
    """The held deliveries of one channel account and group, in their order.

    `version` changes with every delivery that is added.
    """

    channel: str
    account: str
    group: str
    due_at: str
    version: int
