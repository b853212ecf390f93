"""What the use cases of recovery need of the world."""

from typing import Protocol

import msgspec

from chat4all.domain.dead_letters import DeadLetter, DeadRecord


class ReceivedRecord(msgspec.Struct, frozen=True):
    """A dead record as its queue gave it out; `receipt` removes it."""

    record: DeadRecord
    receipt: str


class DeadQueues(Protocol):
    """The dead-letter queues of all queues."""

    def receive(self) -> list[ReceivedRecord]:
        """Some of each; those not removed come again."""
        ...

    def remove(self, received: ReceivedRecord) -> None: ...

    def send_back(self, record: DeadRecord, at: str) -> None:
        """Into the queue that it came from; raises Unavailable."""
        ...


class DeadLetters(Protocol):
    def get(self, dead_letter_id: str) -> DeadLetter | None: ...

    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        """By `sort_key`, those after it; of all channels, or of one."""
        ...

    def keep(self, record: DeadRecord) -> None:
        """Make what a queue gave up a dead letter; the same one again changes nothing."""
        ...

    def send_back(self, letter: DeadLetter, at: str) -> None:
        """Let `relay` put a RECORD into its queue again."""
        ...

    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]: ...

    def forget(self, record: DeadRecord) -> None: ...
