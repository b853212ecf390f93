"""What the use cases of messages need of the world. Adapters implement these; tests bring fakes of them.

Every method that talks to AWS raises `Unavailable` when AWS does not answer or throttles for longer
than its client retries.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from chat4all.domain.breaker import Breaker, KnownBreaker
from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import DeliveryRequested, MessageAccepted, StatusUpdate, WebhookEvent
from chat4all.domain.files import Attachment
from chat4all.domain.pages import TimeCursor, TimeOrder
from chat4all.domain.records import DeliveryPart, Message
from chat4all.domain.status import Status
from chat4all.domain.waiting import DueMessage, Fallback, Line, ParkedStatus
from chat4all.services.messaging.connector import ChannelSecret


class MessageQuery(msgspec.Struct, frozen=True):
    """Messages by their sender or by their status."""

    sender_id: str | None = None
    status: Status | None = None
    order: TimeOrder = TimeOrder.NEWEST_FIRST


class Messages(Protocol):
    def add(self, message: Message, due_at: str | None) -> bool:
        """False if the id is taken. With `due_at`, `relay` publishes it unless it was routed by then."""
        ...

    def get(self, message_id: str) -> Message | None: ...

    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        """In no order; unknown ones are left out."""
        ...

    def mark_routed(self, message_id: str, due_at: str) -> None:
        """Its deliveries are in the channels' queues; is it PENDING at `due_at`, `relay` looks after it."""
        ...

    def is_unrouted(self, message_id: str) -> bool: ...

    def due(self, now: str, limit: int) -> list[DueMessage]: ...

    def postpone(self, due: DueMessage, due_at: str) -> bool:
        """Make it due later; False if it was routed, or postponed by another relay."""
        ...

    def settle(self, due: DueMessage) -> None:
        """Nothing of it is PENDING: it is due no more."""
        ...

    def advance(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        settled: bool,
        code: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Move the message forward to `status`; False if that is no step forward, or it is in another round.

        `settled`: none of its deliveries is PENDING, so that `relay` need not look at it any more.
        """
        ...

    def give_up(self, message_id: str, at: str, code: str, reason: str) -> bool:
        """FAILED, and a dead letter: it cannot be brought to anybody. False if that is no step forward."""
        ...

    def redrive(self, message: Message, parts: Sequence[DeliveryPart], at: str, due_at: str) -> int | None:
        """Make the message's failed parts, at most MOST_REDRIVEN, PENDING again, all or none, and a FAILED message with them.

        Returns the round it is in now; None if the message or a part is no longer as it was read. From
        `due_at` on `relay` publishes it, unless it was routed by then.
        """
        ...

    def edit(self, message_id: str, text: str, at: str) -> bool:
        """Replace the text and keep the former content; False if this edit, or a later edit, is there already."""
        ...

    def history(self, conversation_id: str, after: int, before: int | None, limit: int) -> list[Message]:
        """Those numbered over `after` and under `before`, newest first."""
        ...

    def search(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]: ...

    def find(self, channel: str, account: str, provider_message_id: str) -> Message | None:
        """The message that a provider's id belongs to: ours that was sent, or a person's."""
        ...


class Deliveries(Protocol):
    def claim(
        self, requested: DeliveryRequested, claim_id: str, now: float, until: float
    ) -> Claimed | ClaimRefused:
        """Create the delivery's record, or take over one that is PENDING and not claimed."""
        ...

    def record_sent(self, claimed: Claimed, provider_message_id: str, at: str) -> None: ...

    def record_failed(self, claimed: Claimed, code: str, reason: str, at: str) -> None: ...

    def end(self, requested: DeliveryRequested, now: float, code: str, reason: str, at: str) -> bool:
        """FAILED, begun or not, unless a person has it; False while a process is sending it."""
        ...

    def release(self, claimed: Claimed, counts: Counts) -> None:
        """Give the claim back unsent."""
        ...

    def get(self, delivery_id: DeliveryId) -> DeliveryPart | None: ...

    def provider_id(self, delivery_id: DeliveryId) -> str | None:
        """The provider's id of a delivery, or of the message it names where a person wrote that."""
        ...

    def of_message(self, message_id: str) -> list[DeliveryPart]: ...

    def find(self, channel: str, account: str, provider_message_id: str) -> DeliveryId | None: ...

    def advance(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        """Move the delivery forward and return it as it is then; None if there is no such delivery."""
        ...

    def park(self, parked: ParkedStatus) -> None: ...

    def parked(self, now: str, limit: int) -> list[ParkedStatus]: ...

    def unpark(self, parked: ParkedStatus) -> None: ...


class Fallbacks(Protocol):
    def begin(self, event: MessageAccepted, due_at: str) -> Fallback:
        """At the first route, unless it was begun before: then as it is."""
        ...

    def get(self, message_id: str, user_id: str) -> Fallback | None: ...

    def routed(self, fallback: Fallback, due_at: str | None) -> None:
        """Its deliveries are in the queue; they are to be confirmed until `due_at`."""
        ...

    def step(self, fallback: Fallback, due_at: str) -> Fallback | None:
        """On to the next route; None if somebody else did so."""
        ...

    def due(self, now: str, limit: int) -> list[Fallback]: ...

    def postpone(self, fallback: Fallback, due_at: str | None) -> bool:
        """False if somebody else did something with it. None: it is done."""
        ...


class Lines(Protocol):
    """Deliveries whose wait is longer than a queue shall hold them."""

    def any(self, channel: str) -> bool:
        """Whether anybody may be in a line of this channel. A line made elsewhere is seen after `LINES_KNOWN_S`."""
        ...

    def head(self, channel: str, group: str) -> str | None:
        """The place of the first in the group's line."""
        ...

    def join(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        """Durable when it returns; again, it changes nothing. The line is due then if it is `first`, or the only one."""
        ...

    def leave(self, requested: DeliveryRequested) -> None:
        """It is done; whoever is in no line may leave, too."""
        ...

    def due(self, now: str, limit: int) -> list[Line]: ...

    def postpone(self, line: Line, due_at: str) -> bool:
        """False if somebody else did."""
        ...

    def waiting(self, line: Line, limit: int) -> list[DeliveryRequested]:
        """The first of them, in order."""
        ...

    def close(self, line: Line) -> None:
        """It is empty; unless somebody has joined since."""
        ...


LINES_KNOWN_S: Final = 1.0


class Events(Protocol):
    """The streams between the functions."""

    def message_accepted(self, event: MessageAccepted) -> None: ...

    def deliveries_requested(self, requested: Sequence[DeliveryRequested]) -> None:
        """All of them, in order per conversation and recipient; raises if any was not taken."""
        ...

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        """Publish; returns those that were not taken."""
        ...

    def webhook_events(self, events: Sequence[WebhookEvent]) -> None: ...


class Secrets(Protocol):
    def channel(self, channel: str) -> ChannelSecret:
        """As it was at most a minute ago."""
        ...

    def forget(self, channel: str) -> None:
        """The provider refused it: read it anew."""
        ...


class Breakers(Protocol):
    """The channels' circuit breakers, shared by all processes."""

    def get(self, channel: str) -> KnownBreaker: ...

    def get_many(self, channels: Iterable[str]) -> dict[str, Breaker]:
        """Each channel's."""
        ...

    def save(self, channel: str, breaker: Breaker, version: int) -> bool:
        """As version + 1, only if it is still at `version`; else False."""
        ...


class Limiter(Protocol):
    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        """0 when one message may be sent now (its tokens are taken), else the seconds to wait."""
        ...
