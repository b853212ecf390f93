"""The setting of retention, and messages that a walk strips, in memory."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from chat4all.domain.files.file import StoredFile
from chat4all.domain.retention import Retention, RetentionState, Walk
from chat4all.services.privacy.retention_ports import Listing, OldMessage, Stripped


class MemoryRetention:
    def __init__(self) -> None:
        self.state: RetentionState | None = None

    def read(self) -> RetentionState | None:
        return self.state

    def set_days(self, known: RetentionState | None, days: int, at: str) -> bool:
        if self.state != known and (known is None or self.state is None):
            return False
        if self.state is None or known is None:
            self.state = RetentionState(Retention(days, at, 1), None, 0, at)
            return True
        if self.state.setting.version != known.setting.version:
            return False
        self.state = replace(self.state, setting=Retention(days, at, known.setting.version + 1), due_at=at)
        return True

    def save(self, known: RetentionState, walk: Walk, due_at: str) -> bool:
        if self.state is None or self.state.step != known.step:
            return False
        due_at = due_at if self.state.setting == known.setting else self.state.due_at
        self.state = replace(self.state, walk=walk, step=known.step + 1, due_at=due_at)
        return True

    def postpone(self, known: RetentionState, due_at: str) -> bool:
        if self.state is None or self.state.due_at != known.due_at:
            return False
        self.state = replace(self.state, due_at=due_at)
        return True


@dataclass
class OldMessageRow:
    conversation_id: str
    accepted_at: str
    is_pending: bool = False
    stripped_at: str | None = None
    before: str | None = None
    """The time before which messages were over when this one was stripped."""


@dataclass
class MemoryOldMessages:
    """Messages by their ids, which sort as their numbers. `places` are the conversations by shard."""

    rows: dict[str, OldMessageRow] = field(default_factory=dict)
    places: dict[int, list[str]] = field(default_factory=dict)

    def conversations(self, shard: int, after: str, limit: int) -> Listing:
        return _listing([name for name in self.places.get(shard, []) if name > after], limit)

    def history(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        ids = sorted(
            message_id
            for message_id, row in self.rows.items()
            if row.conversation_id == conversation_id and row.stripped_at is None and message_id > after
        )
        found = [OldMessage(message_id, self.rows[message_id].accepted_at) for message_id in ids[:limit]]
        return found, found[-1].message_id if len(ids) > limit else ""

    def notices(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        return [], ""

    def ended(self, shard: int, before: str, after: str, limit: int) -> Listing:
        return Listing(())

    def strip(self, message_id: str, before: str, at: str, remains_until: int) -> Stripped:
        row = self.rows[message_id]
        if row.stripped_at is not None or row.accepted_at >= before:
            return Stripped.KEPT
        if row.is_pending:
            return Stripped.UNFINISHED
        row.stripped_at, row.before = at, before
        return Stripped.STRIPPED

    def delete_notes(self, conversation_id: str, before: str) -> int:
        return 0

    def batches(self, shard: int, before: str, after: str, limit: int) -> Listing:
        return Listing(())

    def strip_batch(self, batch_id: str, before: str, remains_until: int) -> bool:
        raise NotImplementedError

    def dead_records(self, shard: int, after: str, limit: int) -> Listing:
        return Listing(())

    def delete_dead_record(self, record_id: str, before: str) -> bool:
        raise NotImplementedError

    def files(self, shard: int, after: str, limit: int) -> tuple[list[StoredFile], str]:
        return [], ""


class NoOldWebhooks:
    def delete_hour(self, channel: str, before: str) -> int | None:
        return None


def _listing(names: list[str], limit: int) -> Listing:
    shown = tuple(sorted(names)[:limit])
    return Listing(shown, shown[-1] if len(names) > limit else "")
