"""Dead letters: deliveries, messages and queue records that failed for good."""

from enum import StrEnum
from typing import Final

import msgspec

MOST_REDRIVEN: Final = 99
"""The most parts that a redrive sends at once: with their message, as many rows as a transaction takes."""


class DeadLetterKind(StrEnum):
    DELIVERY = "DELIVERY"
    """A recipient could not be reached. A redrive sends the failed parts of the delivery once more."""
    MESSAGE = "MESSAGE"
    """The message failed before any delivery of it began."""
    RECORD = "RECORD"
    """A queue gave out a record again and again, and no function could handle it."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A final failure.

    `sort_key` orders the dead letters of a conversation by the acceptance of their messages.
    """

    dead_letter_id: str
    kind: DeadLetterKind
    error_code: str
    error_reason: str
    failed_at: str
    sort_key: str
    message_id: str | None = None
    conversation_id: str | None = None
    sequence: str | None = None
    recipient_id: str | None = None
    channel: str | None = None
    attempts: int | None = None
    source: str | None = None
    """The queue of a RECORD."""


class DeadRecord(msgspec.Struct, frozen=True):
    """A record that a queue gave out too often. `source` is the queue's name: `chat-events`, or a channel."""

    record_id: str
    source: str
    group: str
    body: str
    at: str
