"""What waits for `relay`: due messages, parked statuses, held deliveries, fallbacks."""

from typing import Final

import msgspec

from chat4all.domain.events import MessageAccepted, Recipient, StatusUpdate
from chat4all.domain.records import Message

BATCH: Final = 100
"""How many things that wait a job of `relay` takes at once."""


class DueMessage(msgspec.Struct, frozen=True):
    """A message that `relay` should look at, and the time it was due."""

    message: Message
    due_at: str
    routed: bool
    """Its deliveries were in the channels' queues once."""


class ParkedStatus(msgspec.Struct, frozen=True):
    """A status that found no delivery, kept until its send is recorded or it expires."""

    update: StatusUpdate
    due_at: str
    expires_at: str


class Fallback(msgspec.Struct, frozen=True):
    """Where one recipient of a message is being reached: by the route at `position` of those in `event`."""

    event: MessageAccepted
    """With this one recipient."""
    position: int
    due_at: str | None
    """When `relay` looks whether the delivery is confirmed; None: nothing is to be done any more."""
    routed: bool
    """The deliveries at `position` were in the channel's queue."""

    @property
    def recipient(self) -> Recipient:
        return self.event.recipients[0].at(self.position)


class HoldingQueue(msgspec.Struct, frozen=True):
    """The held deliveries of one group, in their order.

    `version` changes with every delivery that is added.
    """

    channel: str
    group: str
    due_at: str
    version: int
