"""Carry out the retention of the workspace, step by step: strip what is over."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.files.file import FileStatus, StoredFile
from chat4all.domain.privacy_work import RetentionWork
from chat4all.domain.retention import (
    REMAINS_FOR,
    WATCHED,
    Place,
    Removed,
    RetentionState,
    Stage,
    Walk,
    begun,
    due_after,
)
from chat4all.domain.webhooks import KEEP
from chat4all.services.files.expire_files import expire
from chat4all.services.files.ports import Files, FileStore
from chat4all.services.privacy.ports import PrivacyQueue
from chat4all.services.privacy.retention_ports import (
    OldMessage,
    OldMessages,
    OldWebhooks,
    RetentionSetting,
    Stripped,
)

CONVERSATIONS: Final = 25
"""The conversations of a step: the setting is read, and the place written, once for all of them."""
_ENTRIES: Final = 50
"""The entries of another list in a step, and the messages that are read of a conversation at once."""
SHARDS: Final = {
    Stage.CONVERSATIONS: 16,
    Stage.SCHEDULED: 16,
    Stage.BATCHES: 4,
    Stage.DEAD_RECORDS: 16,
    Stage.FILES: 16,
}
"""The shards of each list, by the stage that reads it."""


class SideBySide(Protocol):
    """Call a function on several ids at once, as `map` does."""

    def __call__(self, strip: Callable[[str], Stripped], ids: Iterable[str], /) -> Iterable[Stripped]: ...


class _Step:
    """What a step has done so far."""

    def __init__(self, before: str) -> None:
        self.before = before
        self.removed = Removed()
        self.oldest_at: str | None = None

    def add(self, outcomes: Iterable[Stripped]) -> None:
        counts = Counter(outcomes)
        self.removed += Removed(messages=counts[Stripped.STRIPPED], unfinished=counts[Stripped.UNFINISHED])

    def leaves(self, accepted_at: str) -> None:
        self.oldest_at = min(self.oldest_at or accepted_at, accepted_at)


class ApplyRetention:
    def __init__(
        self,
        *,
        setting: RetentionSetting,
        old: OldMessages,
        webhooks: OldWebhooks,
        files: Files,
        store: FileStore,
        channels: Sequence[str],
        side_by_side: SideBySide,
        clock: Clock,
    ) -> None:
        self._setting = setting
        self._old = old
        self._webhooks = webhooks
        self._files = files
        self._store = store
        self._channels = channels
        self._side_by_side = side_by_side
        self._clock = clock

    def __call__(self, _work: RetentionWork, still_in_time: Callable[[], bool]) -> bool:
        """Take steps of the walk; return False if there was no time for the last one."""
        while (state := self._setting.read()) is not None:
            walk = begun(state, self._clock())
            if walk is None:
                break
            if not still_in_time():
                return False
            if not self._take_step(state, walk, still_in_time):
                break  # another process walks
        return True

    def _take_step(self, state: RetentionState, walk: Walk, still_in_time: Callable[[], bool]) -> bool:
        now = self._clock()
        step = _Step(state.setting.before(now))
        place, visited = self._work(walk.place, step, state.setting.days, still_in_time)
        taken = replace(
            walk,
            place=place or walk.place,
            removed=walk.removed + step.removed,
            conversations=walk.conversations + visited,
            ended_at=iso(self._clock()) if place is None else None,
        ).left(step.oldest_at)
        return self._setting.save(state, taken, due_after(taken, state.setting, self._clock()))

    def _work(
        self, place: Place, step: _Step, days: int, still_in_time: Callable[[], bool]
    ) -> tuple[Place | None, int]:
        """Do the work of a step at the place; return the next place and the number of conversations."""
        match place.stage:
            case Stage.CONVERSATIONS:
                return self._conversations(place, step, still_in_time)
            case Stage.WEBHOOKS:
                return self._raw(place, step, days), 0
            case _:
                return _next(place, self._list(place, step)), 0

    def _list(self, place: Place, step: _Step) -> str:
        """Remove what is over in a list other than the conversations; return where the list goes on."""
        match place.stage:
            case Stage.SCHEDULED:
                found = self._old.ended(place.shard, step.before, place.after, _ENTRIES)
                self._strip(found.ids, step)
            case Stage.BATCHES:
                found = self._old.batches(place.shard, step.before, place.after, _ENTRIES)
                until = self._remains_until()
                gone = [self._old.strip_batch(batch_id, step.before, until) for batch_id in found.ids]
                step.removed += Removed(batches=sum(gone), unfinished=len(gone) - sum(gone))
            case Stage.DEAD_RECORDS:
                found = self._old.dead_records(place.shard, place.after, _ENTRIES)
                gone = [self._old.delete_dead_record(record_id, step.before) for record_id in found.ids]
                step.removed += Removed(dead_records=sum(gone))
            case _:
                files, after = self._old.files(place.shard, place.after, _ENTRIES)
                step.removed += Removed(files=sum(self._expire(file, step.before) for file in files))
                return after
        return found.after

    def _conversations(
        self, place: Place, step: _Step, still_in_time: Callable[[], bool]
    ) -> tuple[Place | None, int]:
        """Strip what is over in some conversations; go on with the first that time was too short for."""
        found = self._old.conversations(place.shard, place.after, CONVERSATIONS)
        for conversation_id in found.ids:
            for read in (self._old.history, self._old.notices):
                if not self._history(read, conversation_id, step, still_in_time):
                    step.removed = replace(step.removed, unfinished=0)  # they are counted again
                    return place, 0
            notes = self._old.delete_notes(conversation_id, step.before)
            step.removed += Removed(notes=notes)
        return _next(place, found.after), len(found.ids)

    def _history(
        self,
        read: Callable[[str, str, int], tuple[list[OldMessage], str]],
        conversation_id: str,
        step: _Step,
        still_in_time: Callable[[], bool],
    ) -> bool:
        """Strip what is over of a history; return False if there was no time for all of it.

        The first read takes one message: most conversations have none that is over.
        """
        after, limit = "", 1
        while True:
            messages, after = read(conversation_id, after, limit)
            over = [message for message in messages if message.accepted_at < step.before]
            kept = [message.accepted_at for message in messages if message.accepted_at >= step.before]
            if kept:
                step.leaves(min(kept))
            outcomes = self._strip([message.message_id for message in over], step)
            for message, outcome in zip(over, outcomes, strict=True):
                if outcome is Stripped.UNFINISHED:
                    step.leaves(message.accepted_at)
            if not over or not after:
                return True
            if not still_in_time():
                return False
            limit = _ENTRIES

    def _strip(self, ids: Sequence[str], step: _Step) -> list[Stripped]:
        at, until = iso(self._clock()), self._remains_until()

        def strip(message_id: str) -> Stripped:
            return self._old.strip(message_id, step.before, at, until)

        outcomes = [*self._side_by_side(strip, ids)]
        step.add(outcomes)
        return outcomes

    def _remains_until(self) -> int:
        return int((self._clock() + REMAINS_FOR).timestamp())

    def _expire(self, file: StoredFile, before: str) -> bool:
        is_of_export = file.owner is None and file.source is None
        is_needed = file.needed_until is not None and file.needed_until > iso(self._clock())
        is_over = file.status is FileStatus.READY and file.created_at < before
        if is_of_export or is_needed or not is_over:
            return False
        return expire(self._files, self._store, file)

    def _raw(self, place: Place, step: _Step, days: int) -> Place | None:
        """Delete an hour of raw webhooks of the channel; after KEEP they go by themselves."""
        if days >= KEEP.days or place.shard >= len(self._channels):
            return None
        deleted = self._webhooks.delete_hour(self._channels[place.shard], step.before)
        if deleted is None:
            return replace(place, shard=place.shard + 1)
        step.removed += Removed(webhooks=deleted)
        return place


class WakeRetention:
    """A job: ask for the next step of the walk when a walk is due, or when its record was lost."""

    def __init__(self, setting: RetentionSetting, queue: PrivacyQueue) -> None:
        self._setting = setting
        self._queue = queue

    def __call__(self, now: datetime) -> Counter[str]:
        state = self._setting.read()
        if state is None or parse_iso(state.due_at) > now:
            return Counter()
        if not self._setting.postpone(state, iso(now + WATCHED)):
            return Counter()
        self._queue.send(RetentionWork(iso(now)))
        return Counter(RetentionWoken=1)


def _next(place: Place, after: str) -> Place:
    """Return the place behind what was read: in the same list, in its next shard, or at the next stage."""
    if after:
        return replace(place, after=after)
    if place.shard + 1 < SHARDS[place.stage]:
        return Place(place.stage, place.shard + 1)
    stages = [*Stage]
    return Place(stages[stages.index(place.stage) + 1])
