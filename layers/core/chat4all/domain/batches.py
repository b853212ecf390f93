"""A batch: one content for many recipients, accepted message by message at the pace of the channels.

::

    POST ─► RUNNING ──────────► DONE         every recipient is accepted or refused
              │ ▲
              ▼ │ pause, resume
            PAUSED ──cancel──► CANCELLED     also from RUNNING; the recipients that are left stay pending
"""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.content import Album, Media, Plain
from chat4all.domain.purpose import Purpose

BatchContent = Plain | Media | Album
"""What a batch may send, with variables in any of its texts."""
MOST_RECIPIENTS: Final = 10_000
CHUNK: Final = 100
"""The most recipients of a chunk, which is stored in one row."""


class BatchState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"


class RecipientOutcome(StrEnum):
    """What has become of a recipient: their message was accepted, was refused, or neither yet."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PENDING = "pending"


class BatchRecipient(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recipient: a conversation, or a customer, who is reached in their 1:1 conversation with the sender.

    `variables` maps the names in the batch's content to the words of this recipient.
    """

    conversation_id: str | None = None
    user_id: str | None = None
    variables: dict[str, str] = {}

    @property
    def name(self) -> str:
        """Return a text that no other recipient has."""
        return f"user:{self.user_id}" if self.user_id is not None else f"conversation:{self.conversation_id}"


class Batch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch without its recipients. Times are ISO 8601 UTC.

    `is_ready`: all its chunks are stored; until then the POST has no answer, and the batch does nothing.
    """

    batch_id: str
    sender_id: str
    content: BatchContent
    total: int
    fingerprint: str
    created_at: str
    state: BatchState = BatchState.RUNNING
    channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    metadata: dict[str, str] = {}
    purpose: Purpose = Purpose.SERVICE
    send_at: str | None = None
    is_ready: bool = False
    started_at: str | None = None
    finished_at: str | None = None
    is_over: bool = False
    """Retention removed the content and the recipients: only a repeated POST still finds the batch."""

    @property
    def chunk_count(self) -> int:
        return -(-self.total // CHUNK)

    def size_of(self, chunk: int) -> int:
        """Return the number of recipients of the chunk; the numbers begin with 0."""
        return min(CHUNK, self.total - chunk * CHUNK)

    def message_id(self, recipient: BatchRecipient) -> str:
        """Return the id of the recipient's message, the same whenever it is accepted again."""
        return str(uuid.uuid5(uuid.UUID(self.batch_id), recipient.name))


class Result(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What has become of a recipient. `code` is the error of a refusal.

    `conversation_id` is the conversation of a recipient that the request names as a user.
    """

    outcome: RecipientOutcome
    conversation_id: str | None = None
    code: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """Some recipients of a batch in their order, and the results of the first of them."""

    number: int
    recipients: tuple[BatchRecipient, ...]
    results: tuple[Result, ...] = ()

    @property
    def is_done(self) -> bool:
        return len(self.results) == len(self.recipients)


class ChunkCounts(msgspec.Struct, frozen=True):
    """The numbers of recipients of a chunk that are accepted and refused."""

    number: int
    accepted: int
    refused: int

    @property
    def handled(self) -> int:
        return self.accepted + self.refused


class BatchWork(msgspec.Struct, frozen=True, omit_defaults=True):
    """On `batches.fifo`, group `batch_id`: accept the next messages of the batch.

    A record that continues another names the place at which that stopped: the `chunk`, and the number of its
    recipients that were handled. A record that begins the work anew has the time `at` instead.
    """

    batch_id: str
    chunk: int | None = None
    position: int = 0
    at: str = ""

    @property
    def deduplication_id(self) -> str:
        place = f"at:{self.at}" if self.chunk is None else f"{self.chunk}:{self.position}"
        return f"{self.batch_id}:{place}"

    @property
    def ids(self) -> dict[str, str]:
        return {"batch_id": self.batch_id}


def chunks_of(recipients: Sequence[BatchRecipient]) -> list[Chunk]:
    return [
        Chunk(start // CHUNK, tuple(recipients[start : start + CHUNK]))
        for start in range(0, len(recipients), CHUNK)
    ]


def first_left(batch: Batch, counts: Sequence[ChunkCounts]) -> int:
    """Return the number of the first chunk that is not done; the number of all chunks if all are done."""
    done = {chunk.number for chunk in counts if chunk.handled == batch.size_of(chunk.number)}
    return next((number for number in range(batch.chunk_count) if number not in done), batch.chunk_count)
