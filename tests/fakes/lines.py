"""Lines in memory."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import Line


@dataclass
class LineTable:
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    items: dict[tuple[str, str], dict[str, DeliveryRequested]] = field(default_factory=dict)


class MemoryLines:
    def __init__(self, table: LineTable) -> None:
        self._table = table

    def any(self, channel: str) -> bool:
        return any(items for (of, _), items in self._table.items.items() if of == channel)

    def head(self, channel: str, group: str) -> str | None:
        return min(self._table.items.get((channel, group), ()), default=None)

    def join(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        key = (requested.recipient.channel, requested.group)
        self._table.items.setdefault(key, {}).setdefault(requested.place, requested)
        line = self._table.lines.get(key, Line(*key, due_at, 0))
        self._table.lines[key] = replace(
            line, due_at=due_at if first else line.due_at, version=line.version + 1
        )

    def leave(self, requested: DeliveryRequested) -> None:
        self._table.items.get((requested.recipient.channel, requested.group), {}).pop(requested.place, None)

    def due(self, now: str, limit: int) -> list[Line]:
        due = [one for one in self._table.lines.values() if one.due_at <= now]
        return sorted(due, key=lambda one: one.due_at)[:limit]

    def postpone(self, line: Line, due_at: str) -> bool:
        key = (line.channel, line.group)
        if self._table.lines[key].due_at != line.due_at:
            return False
        self._table.lines[key] = replace(self._table.lines[key], due_at=due_at)
        return True

    def waiting(self, line: Line, limit: int) -> list[DeliveryRequested]:
        items = self._table.items.get((line.channel, line.group), {})
        return [items[place] for place in sorted(items)][:limit]

    def close(self, line: Line) -> None:
        key = (line.channel, line.group)
        if self._table.lines[key].version == line.version:
            del self._table.lines[key]
