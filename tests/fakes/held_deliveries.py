"""Held deliveries in memory."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from chat4all.domain.events import DeliveryRequested
from chat4all.domain.waiting import HoldingQueue

Key = tuple[str, str, str]
"""Channel, account, group."""


@dataclass
class HeldTable:
    queues: dict[Key, HoldingQueue] = field(default_factory=dict)
    deliveries: dict[Key, dict[str, DeliveryRequested]] = field(default_factory=dict)


class MemoryHeldDeliveries:
    def __init__(self, table: HeldTable) -> None:
        self._table = table

    def any(self, channel: str, account: str) -> bool:
        return any(held for key, held in self._table.deliveries.items() if key[:2] == (channel, account))

    def head(self, channel: str, account: str, group: str) -> str | None:
        return min(self._table.deliveries.get((channel, account, group), ()), default=None)

    def hold(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        key = _key(requested)
        self._table.deliveries.setdefault(key, {}).setdefault(requested.place, requested)
        holding_queue = self._table.queues.get(key, HoldingQueue(*key, due_at, 0))
        self._table.queues[key] = replace(
            holding_queue,
            due_at=due_at if first else holding_queue.due_at,
            version=holding_queue.version + 1,
        )

    def remove(self, requested: DeliveryRequested) -> None:
        key = _key(requested)
        self._table.deliveries.get(key, {}).pop(requested.place, None)

    def due(self, now: str, limit: int) -> list[HoldingQueue]:
        due = [holding_queue for holding_queue in self._table.queues.values() if holding_queue.due_at <= now]
        return sorted(due, key=lambda holding_queue: holding_queue.due_at)[:limit]

    def postpone(self, holding_queue: HoldingQueue, due_at: str) -> bool:
        key = _key_of(holding_queue)
        if self._table.queues[key].due_at != holding_queue.due_at:
            return False
        self._table.queues[key] = replace(self._table.queues[key], due_at=due_at)
        return True

    def first_held(self, holding_queue: HoldingQueue, limit: int) -> list[DeliveryRequested]:
        held = self._table.deliveries.get(_key_of(holding_queue), {})
        return [held[place] for place in sorted(held)][:limit]

    def close(self, holding_queue: HoldingQueue) -> None:
        key = _key_of(holding_queue)
        if self._table.queues[key].version == holding_queue.version:
            del self._table.queues[key]


def _key(requested: DeliveryRequested) -> Key:
    return requested.recipient.channel, requested.recipient.account, requested.group


def _key_of(holding_queue: HoldingQueue) -> Key:
    return holding_queue.channel, holding_queue.account, holding_queue.group
