"""Fallbacks in memory."""

from msgspec.structs import replace

from chat4all.domain.events import MessageAccepted
from chat4all.domain.plan import Skipped
from chat4all.domain.waiting import Fallback
from tests.fakes.message_table import MessageTable


class MemoryFallbacks:
    def __init__(self, table: MessageTable) -> None:
        self._table = table

    def begin(self, event: MessageAccepted, due_at: str) -> Fallback:
        with self._table.lock:
            return self._table.fallbacks.setdefault(_key(event), Fallback(event, 0, due_at, routed=False))

    def get(self, message_id: str, user_id: str) -> Fallback | None:
        return self._table.fallbacks.get((message_id, user_id))

    def routed(self, fallback: Fallback, due_at: str | None) -> None:
        with self._table.lock:
            now = self._table.fallbacks[_key(fallback.event)]
            if now.position == fallback.position and not now.routed:
                self._put(replace(now, routed=True, due_at=due_at))

    def step(self, fallback: Fallback, due_at: str) -> Fallback | None:
        with self._table.lock:
            now = self._table.fallbacks[_key(fallback.event)]
            if now.position != fallback.position:
                return None
            return self._put(replace(now, position=now.position + 1, routed=False, due_at=due_at))

    def skip(self, fallback: Fallback, skipped: Skipped, due_at: str) -> Fallback | None:
        with self._table.lock:
            now = self._table.fallbacks[_key(fallback.event)]
            if now.position != fallback.position or now.routed:
                return None
            following = now.position + 1 if now.recipient.fallbacks else now.position
            return self._put(
                replace(now, position=following, skipped=(*fallback.skipped, skipped), due_at=due_at)
            )

    def of_message(self, message_id: str) -> list[Fallback]:
        found = (
            known for (of_message, _), known in self._table.fallbacks.items() if of_message == message_id
        )
        return sorted(found, key=lambda fallback: fallback.event.recipients[0].user_id)

    def due(self, now: str, limit: int) -> list[Fallback]:
        with self._table.lock:
            due = [
                fallback
                for fallback in self._table.fallbacks.values()
                if fallback.due_at is not None and fallback.due_at <= now
            ]
        longest = sorted(due, key=lambda fallback: fallback.due_at or "")[:limit]
        return sorted(longest, key=lambda fallback: (fallback.event.conversation_id, fallback.event.sequence))

    def postpone(self, fallback: Fallback, due_at: str | None) -> bool:
        with self._table.lock:
            now = self._table.fallbacks[_key(fallback.event)]
            if (now.position, now.due_at) != (fallback.position, fallback.due_at):
                return False
            self._put(replace(now, due_at=due_at))
            return True

    def _put(self, fallback: Fallback) -> Fallback:
        self._table.fallbacks[_key(fallback.event)] = fallback
        return fallback


def _key(event: MessageAccepted) -> tuple[str, str]:
    return event.message_id, event.recipients[0].user_id
