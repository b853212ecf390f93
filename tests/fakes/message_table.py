"""Messages and deliveries in memory. They share a table, since a provider's id may name either."""

import threading
from dataclasses import dataclass, field

import msgspec

from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.message import Message
from chat4all.domain.parts import PartStatus
from chat4all.domain.versions import Deletion
from chat4all.domain.waiting import Fallback, ParkedStatus


class DeliveryState(msgspec.Struct, frozen=True):
    """A delivery with its claim, which readers of the delivery do not see."""

    delivery: DeliveryPart
    claim_id: str | None
    claimed_until: float
    open_claims: int
    failures: int


@dataclass
class MessageTable:
    messages: dict[str, Message] = field(default_factory=dict)
    """As they are now, their states included."""
    parts: dict[str, dict[str, PartStatus]] = field(default_factory=dict)
    """By message and key."""
    due_at: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    deliveries: dict[DeliveryId, DeliveryState] = field(default_factory=dict)
    """The deliveries by their ids with round 0."""
    parked_deletions: dict[str, Deletion] = field(default_factory=dict)
    """The deletions that came before their messages, by message."""
    albums: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The album's message and the provider's id of each item of an album, by the item."""
    parked: dict[tuple[str, str], ParkedStatus] = field(default_factory=dict)
    fallbacks: dict[tuple[str, str], Fallback] = field(default_factory=dict)
    dead_records: dict[str, DeadRecord] = field(default_factory=dict)
    sent_back: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)
