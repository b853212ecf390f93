"""Held deliveries in memory."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import HoldingQueue


@dataclass
class HeldTable:
    queues: dict[tuple[str, str], HoldingQueue] = field(default_factory=dict)
    deliveries: dict[tuple[str, str], dict[str, DeliveryRequested]] = field(default_factory=dict)


class MemoryHeldDeliveries:
    def __init__(self, table: HeldTable) -> None:
        self._table = table

    def any(self, channel: str) -> bool:
        return any(held for (of, _), held in self._table.deliveries.items() if of == channel)

    def head(self, channel: str, group: str) -> str | None:
        return min(self._table.deliveries.get((channel, group), ()), default=None)

    def hold(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        key = (requested.recipient.channel, requested.group)
        self._table.deliveries.setdefault(key, {}).setdefault(requested.place, requested)
        holding_queue = self._table.queues.get(key, HoldingQueue(*key, due_at, 0))
        self._table.queues[key] = replace(
            holding_queue,
            due_at=due_at if first else holding_queue.due_at,
            version=holding_queue.version + 1,
        )

    def remove(self, requested: DeliveryRequested) -> None:
        key = (requested.recipient.channel, requested.group)
        self._table.deliveries.get(key, {}).pop(requested.place, None)

    def due(self, now: str, limit: int) -> list[HoldingQueue]:
        due = [holding_queue for holding_queue in self._table.queues.values() if holding_queue.due_at <= now]
        return sorted(due, key=lambda holding_queue: holding_queue.due_at)[:limit]

    def postpone(self, holding_queue: HoldingQueue, due_at: str) -> bool:
        key = (holding_queue.channel, holding_queue.group)
        if self._table.queues[key].due_at != holding_queue.due_at:
            return False
        self._table.queues[key] = replace(self._table.queues[key], due_at=due_at)
        return True

    def first_held(self, holding_queue: HoldingQueue, limit: int) -> list[DeliveryRequested]:
        held = self._table.deliveries.get((holding_queue.channel, holding_queue.group), {})
        return [held[place] for place in sorted(held)][:limit]

    def close(self, holding_queue: HoldingQueue) -> None:
        key = (holding_queue.channel, holding_queue.group)
        if self._table.queues[key].version == holding_queue.version:
            del self._table.queues[key]
