"""The ports of retention. Each method raises `Unavailable` if AWS does not answer."""

from enum import StrEnum
from typing import Protocol

import msgspec

from chat4all.domain.files.file import StoredFile
from chat4all.domain.retention import RetentionState, Walk


class Listing(msgspec.Struct, frozen=True):
    """Some entries of a list, in its order. The list goes on after `after`; "" is its end."""

    ids: tuple[str, ...]
    after: str = ""


class OldMessage(msgspec.Struct, frozen=True):
    """A message of a history, by its id and the time at which it was accepted."""

    message_id: str
    accepted_at: str


class Stripped(StrEnum):
    """What became of a message that a walk found."""

    STRIPPED = "STRIPPED"
    UNFINISHED = "UNFINISHED"
    """A delivery, a step or a redrive is not over."""
    KEPT = "KEPT"
    """It is not over, or was stripped before."""


class RetentionSetting(Protocol):
    """The setting of the workspace, and the walk that carries it out."""

    def read(self) -> RetentionState | None:
        """Return the state as it is now; None if messages are kept without limit."""
        ...

    def set_days(self, known: RetentionState | None, days: int, at: str) -> bool:
        """Set the days, due at once; return False if the setting is no longer as in `known`."""
        ...

    def save(self, known: RetentionState, walk: Walk, due_at: str) -> bool:
        """Write a step of the walk; return False if another process has written one since `known`."""
        ...

    def postpone(self, known: RetentionState, due_at: str) -> bool:
        """Ask for the next step at `due_at`; return False if another process has done so."""
        ...


class OldMessages(Protocol):
    """What a walk reads and strips. `before` is the time before which things are over, ISO 8601 UTC."""

    def conversations(self, shard: int, after: str, limit: int) -> Listing:
        """List conversations of a shard of CREATION_SHARDS, the first created first."""
        ...

    def history(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        """Return messages of a conversation by their numbers, and where they go on; "" is the end."""
        ...

    def notices(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        """Return the notices and acts of a conversation, as `history` does."""
        ...

    def ended(self, shard: int, before: str, after: str, limit: int) -> Listing:
        """List the scheduled messages that were cancelled or failed before `before`."""
        ...

    def strip(self, message_id: str, before: str, at: str, remains_until: int) -> Stripped:
        """Remove the words, addresses and index keys of a message and of all its records.

        What is left goes at `remains_until` (epoch seconds). Doing so again changes nothing. A process that
        dies in between leaves the message in its list.
        """
        ...

    def delete_notes(self, conversation_id: str, before: str) -> int:
        """Delete the notes that were written before `before`; return their number."""
        ...

    def batches(self, shard: int, before: str, after: str, limit: int) -> Listing:
        """List the batches that were created before `before`."""
        ...

    def strip_batch(self, batch_id: str, before: str, remains_until: int) -> bool:
        """Remove the content and recipients of a batch that ended before `before`; return whether it did.

        What is left goes at `remains_until` (epoch seconds). Until then a repeated POST finds the batch.
        """
        ...

    def dead_records(self, shard: int, after: str, limit: int) -> Listing: ...

    def delete_dead_record(self, record_id: str, before: str) -> bool:
        """Delete a dead record that was kept before `before`, unless it waits to be sent back."""
        ...

    def files(self, shard: int, after: str, limit: int) -> tuple[list[StoredFile], str]:
        """Return files that have bytes or may get some, and where they go on."""
        ...


class OldWebhooks(Protocol):
    def delete_hour(self, channel: str, before: str) -> int | None:
        """Delete the raw webhooks of the oldest hour that ended before `before`, and its entries in lists.

        Returns the number of webhooks; None if there is no such hour.
        """
        ...
