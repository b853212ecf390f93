"""Retention: for how long a workspace keeps messages, and the walk that strips what is over.

::

    PUT ─► APPLYING ──a walk that began since then ends──► APPLIED ──24 hours──► the next walk
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.counts import added
from chat4all.domain.message import Message
from chat4all.domain.status import Status

FEWEST_DAYS: Final = 1
MOST_DAYS: Final = 3_650
EVERY: Final = timedelta(hours=24)
"""The time from the begin of a walk to the begin of the next."""
WATCHED: Final = timedelta(minutes=15)
"""After this time without a step, the walk is asked to go on: its record may be lost."""
REMAINS_FOR: Final = timedelta(days=15)
"""How long ids and statuses of a stripped message stay: a queue keeps a record for 14 days.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

_UNFINISHED: Final = frozenset({Status.SCHEDULED, Status.PENDING})


class Stage(StrEnum):
    """The stages of a walk, in their order."""

    CONVERSATIONS = "CONVERSATIONS"
    SCHEDULED = "SCHEDULED"
    BATCHES = "BATCHES"
    DEAD_RECORDS = "DEAD_RECORDS"
    FILES = "FILES"
    WEBHOOKS = "WEBHOOKS"


class Removed(msgspec.Struct, frozen=True):
    """What a walk has stripped or deleted. `unfinished` are the messages that are over and must wait."""

    messages: int = 0
    notes: int = 0
    batches: int = 0
    dead_records: int = 0
    files: int = 0
    webhooks: int = 0
    unfinished: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return added(self, other)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a walk goes on: a stage, a shard of its list, and the last entry that is done there."""

    stage: Stage = Stage.CONVERSATIONS
    shard: int = 0
    after: str = ""


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A walk. It began under the setting of this `version`; `ended_at` is None while the walk goes on."""

    began_at: str
    version: int
    place: Place = Place()
    removed: Removed = Removed()
    conversations: int = 0
    oldest_at: str | None = None
    """When the oldest message was accepted that the walk has left."""
    ended_at: str | None = None

    def left(self, accepted_at: str | None) -> "Walk":
        """Return the walk after it left a message of this time."""
        if accepted_at is None or (self.oldest_at is not None and self.oldest_at <= accepted_at):
            return self
        return replace(self, oldest_at=accepted_at)


class Retention(msgspec.Struct, frozen=True, omit_defaults=True):
    """The setting: messages are over after `days`. It is in force since `since`, ISO 8601 UTC."""

    days: int
    since: str
    version: int

    def before(self, now: datetime) -> str:
        """Return the time before which a message was accepted that is over now."""
        return iso(now - timedelta(days=self.days))


class RetentionState(msgspec.Struct, frozen=True):
    """The setting, the walk that goes on or ended last, and its number of written steps.

    `due_at` is the time at which `relay` asks for the next step.
    """

    setting: Retention
    walk: Walk | None
    step: int
    due_at: str

    @property
    def is_applied(self) -> bool:
        """Return whether a walk has ended that began under the present setting."""
        return self.walk is not None and self.walk.ended_at is not None and self.is_of_setting

    @property
    def is_of_setting(self) -> bool:
        return self.walk is not None and self.walk.version == self.setting.version


def begun(state: RetentionState, now: datetime) -> Walk | None:
    """Return the walk that goes on now, perhaps a new one; None if the next one is not due yet."""
    walk = state.walk
    if walk is not None and walk.ended_at is None:
        return walk
    is_time = walk is None or not state.is_of_setting or now >= parse_iso(walk.began_at) + EVERY
    return Walk(iso(now), state.setting.version) if is_time else None


def due_after(walk: Walk, setting: Retention, now: datetime) -> str:
    """Return when `relay` must ask for a step again, after a step of the walk was written."""
    if walk.ended_at is None:
        return iso(now + WATCHED)
    return iso(now) if walk.version != setting.version else iso(parse_iso(walk.began_at) + EVERY)


def is_over(message: Message, before: str | None) -> bool:
    """Return whether reads hide the message; `before` is `Retention.before`, or None without a setting."""
    return before is not None and message.accepted_at < before and message.status not in _UNFINISHED
