"""The ports of the recovery use cases."""

from typing import Protocol

import msgspec

from chat4all.domain.dead_letters import DeadLetter, DeadRecord


class ReceivedRecord(msgspec.Struct, frozen=True):
    """A dead record as its queue gave it out; its `receipt` removes it from the queue."""

    record: DeadRecord
    receipt: str


class DeadQueues(Protocol):
    """The dead-letter queues of all queues."""

    def receive(self) -> list[ReceivedRecord]:
        """Receive some records of each queue; a record that is not removed comes again."""
        ...

    def remove(self, received: ReceivedRecord) -> None: ...

    def send_back(self, record: DeadRecord, at: str) -> None:
        """Put the record into the queue that it came from; raises Unavailable."""
        ...


class DeadLetters(Protocol):
    def get(self, dead_letter_id: str) -> DeadLetter | None: ...

    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        """Return the dead letters after the sort key `after`, in order: of a channel, or of all channels."""
        ...

    def keep(self, record: DeadRecord) -> None:
        """Make the record that a queue gave up a dead letter; keeping it again changes nothing."""
        ...

    def send_back(self, letter: DeadLetter, at: str) -> None:
        """Let `relay` put a RECORD into its queue again."""
        ...

    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]: ...

    def forget(self, record: DeadRecord) -> None: ...
