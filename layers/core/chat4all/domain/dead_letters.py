"""What failed for good."""

from enum import StrEnum
from typing import Final

import msgspec

MOST_REDRIVEN: Final = 99
"""Parts at once: with their message, as many rows as a transaction takes."""


class DeadLetterKind(StrEnum):
    DELIVERY = "DELIVERY"
    """One recipient could not be reached; redriving sends what failed of it once more."""
    MESSAGE = "MESSAGE"
    """It failed before it was on its way to anybody."""
    RECORD = "RECORD"
    """A queue gave something out again and again, and nobody could handle it."""


class DeadLetter(msgspec.Struct, frozen=True):
    """What failed for good. `sort_key` orders those of a conversation as they were accepted."""

    dead_letter_id: str
    kind: DeadLetterKind
    error_code: str
    error_reason: str
    failed_at: str
    sort_key: str
    message_id: str | None = None
    conversation_id: str | None = None
    sequence: int | None = None
    recipient_id: str | None = None
    channel: str | None = None
    attempts: int | None = None
    source: str | None = None
    """The queue of a RECORD."""


class DeadRecord(msgspec.Struct, frozen=True):
    """What a queue gave out too often. `source` is the queue's name, as `chat-events` or a channel."""

    record_id: str
    source: str
    group: str
    body: str
    at: str
