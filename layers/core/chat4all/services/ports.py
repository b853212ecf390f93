"""What the use cases need of the world. Adapters implement these; tests bring fakes of them.

Every method that talks to AWS raises `Unavailable` when AWS does not answer or throttles for longer
than its client retries.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Final, Protocol

import msgspec

from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.breaker import Breaker
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient, StatusUpdate, WebhookEvent
from chat4all.domain.files import Attachment
from chat4all.domain.pages import TimeCursor
from chat4all.domain.places import Places
from chat4all.domain.records import (
    ApiKey,
    Conversation,
    ConversationState,
    Delivery,
    Identity,
    Message,
    Participant,
    User,
    UserType,
)
from chat4all.domain.status import Status
from chat4all.services.connector import ChannelSecret

Clock = Callable[[], datetime]
"""The time now, in UTC."""
NewId = Callable[[], str]
"""A fresh uuid4."""
Jitter = Callable[[], float]
"""A random number in [0, 1)."""


class Sequenced(msgspec.Struct, frozen=True):
    """The number that a conversation gave to its next message.

    `overtaken`: it is a 1:1 conversation, and another one of a customer in it had its turn later.
    """

    sequence: int
    overtaken: bool = False


class ConversationChanged(msgspec.Struct, frozen=True):
    """The conversation is no longer at the version that was read, or is gone."""


class Conversations(Protocol):
    def create(self, conversation: Conversation, customers: Collection[str]) -> None:
        """Create it, unless its id is taken. It is the 1:1 conversation of each of `customers` from now on.

        `customers`: those who take part in a 1:1 conversation; empty for a group.
        """
        ...

    def get(self, conversation_id: str) -> Conversation | None: ...

    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """In no order; unknown ones are left out."""
        ...

    def next_sequence(self, conversation_id: str, version: int, at: str) -> Sequenced | ConversationChanged:
        """Count one more message, only if the conversation is still at `version`."""
        ...

    def give_turn(self, conversation_id: str) -> None:
        """Make an active 1:1 conversation that was overtaken the one where its customers' words go."""
        ...

    def places(self, user_id: str) -> Places:
        """Read where the person's words go, as all writes that were answered left it."""
        ...

    def record_writing(self, user_id: str, channel: str, account: str, conversation_id: str) -> None:
        """Keep that the person wrote in the conversation last, through this account."""
        ...

    def uncount(self, conversation_id: str) -> None:
        """Take back one of `message_count`: the number was given to a message that is no new one."""
        ...

    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        """Only if the conversation is still at the version of `conversation`; else False."""
        ...

    def remove_participant(self, conversation: Conversation, user_id: str) -> bool: ...

    def set_state(self, conversation: Conversation, state: ConversationState) -> bool:
        """Archive or reactivate it; a reactivated 1:1 conversation is its customers' from now on."""
        ...

    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """(cursor, conversation_id), latest joined first."""
        ...

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        """(cursor, conversation_id), latest created first."""
        ...


class IdentityTaken(msgspec.Struct, frozen=True):
    """The identity belongs to `user_id` already."""

    user_id: str


class Directory(Protocol):
    """Users and the identities by which channels know them."""

    def create(self, user: User) -> IdentityTaken | None:
        """The user with all their identities, or nothing at all."""
        ...

    def get(self, user_id: str) -> User | None: ...

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]: ...

    def link(self, user_id: str, identity: Identity) -> IdentityTaken | None: ...

    def unlink(self, user: User, identity: Identity) -> None: ...

    def resolve(self, channel: str, account: str, address: str) -> str | None:
        """The user_id behind an identity."""
        ...

    def listing(
        self, user_type: UserType, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """(cursor, user_id), latest created first."""
        ...


class TimeOrder(StrEnum):
    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


class MessageQuery(msgspec.Struct, frozen=True):
    """Messages by their sender or by their status."""

    sender_id: str | None = None
    status: Status | None = None
    order: TimeOrder = TimeOrder.NEWEST_FIRST


class DueMessage(msgspec.Struct, frozen=True):
    """A message that `relay` should look at, and the time it was due."""

    message: Message
    due_at: str
    routed: bool
    """Its deliveries were in the channels' queues once."""


class ParkedStatus(msgspec.Struct, frozen=True):
    """A status that found no delivery, kept until its send is recorded or it expires."""

    update: StatusUpdate
    due_at: str
    expires_at: str


MOST_REDRIVEN: Final = 99
"""Parts at once: with their message, as many rows as a transaction takes."""


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

    def redrive(self, message: Message, parts: Sequence[Delivery], at: str, due_at: str) -> int | None:
        """Make the message's failed parts, at most MOST_REDRIVEN, PENDING again, all or none, and a FAILED message with them.

        Returns the round it is in now; None if the message or a part is no longer as it was read. From
        `due_at` on `relay` publishes it, unless it was routed by then.
        """
        ...

    def edit(self, message_id: str, content: str, at: str) -> bool:
        """Replace the text, keeping the former one; False if a later edit is there already, or this one."""
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


class Claimed(msgspec.Struct, frozen=True):
    """The delivery is ours to send until the claim ends.

    `taken_over` says that a process died between claiming and recording: the provider may have the
    message already (G3).
    """

    delivery: Delivery
    claim_id: str
    failures: int
    taken_over: bool


class Counts(Enum):
    """What a send that came to nothing counts as, on its delivery."""

    FAILURE = auto()
    """The provider failed; so many end the delivery."""
    ATTEMPT = auto()
    """It was a probe of a channel that had failed: its failure says little about this delivery."""
    NOTHING = auto()


class ClaimRefused(msgspec.Struct, frozen=True):
    """The delivery is done, or another process has it until `until` (epoch seconds).

    PENDING and no `until`: it is in a later round than what was requested.
    """

    delivery: Delivery
    until: float | None


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

    def get(self, delivery_id: DeliveryId) -> Delivery | None: ...

    def provider_id(self, delivery_id: DeliveryId) -> str | None:
        """The provider's id of a delivery, or of the message it names where a person wrote that."""
        ...

    def of_message(self, message_id: str) -> list[Delivery]: ...

    def find(self, channel: str, account: str, provider_message_id: str) -> DeliveryId | None: ...

    def advance(self, delivery_id: DeliveryId, update: StatusUpdate) -> Delivery | None:
        """Move the delivery forward and return it as it is then; None if there is no such delivery."""
        ...

    def park(self, parked: ParkedStatus) -> None: ...

    def parked(self, now: str, limit: int) -> list[ParkedStatus]: ...

    def unpark(self, parked: ParkedStatus) -> None: ...


class DeadLetterKind(StrEnum):
    DELIVERY = "DELIVERY"
    """One recipient could not be reached; redriving sends what failed of it once more."""
    MESSAGE = "MESSAGE"
    """It failed before it was on its way to anybody."""
    RECORD = "RECORD"
    """A queue gave something out again and again, and nobody could handle it."""


class DeadLetter(msgspec.Struct, frozen=True):
    """What failed for good. `sort_key` orders those of a conversation as they were accepted."""

    dead_letter_id: str
    kind: DeadLetterKind
    error_code: str
    error_reason: str
    failed_at: str
    sort_key: str
    message_id: str | None = None
    conversation_id: str | None = None
    sequence: int | None = None
    recipient_id: str | None = None
    channel: str | None = None
    attempts: int | None = None
    source: str | None = None
    """The queue of a RECORD."""


class DeadRecord(msgspec.Struct, frozen=True):
    """What a queue gave out too often. `source` is the queue's name, as `chat-events` or a channel."""

    record_id: str
    source: str
    group: str
    body: str
    at: str


class ReceivedRecord(msgspec.Struct, frozen=True):
    """A dead record as its queue gave it out; `receipt` removes it."""

    record: DeadRecord
    receipt: str


class DeadQueues(Protocol):
    """The dead-letter queues of all queues."""

    def receive(self) -> list[ReceivedRecord]:
        """Some of each; those not removed come again."""
        ...

    def remove(self, received: ReceivedRecord) -> None: ...

    def send_back(self, record: DeadRecord, at: str) -> None:
        """Into the queue that it came from; raises Unavailable."""
        ...


class DeadLetters(Protocol):
    def get(self, dead_letter_id: str) -> DeadLetter | None: ...

    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        """By `sort_key`, those after it; of all channels, or of one."""
        ...

    def keep(self, record: DeadRecord) -> None:
        """Make what a queue gave up a dead letter; the same one again changes nothing."""
        ...

    def send_back(self, letter: DeadLetter, at: str) -> None:
        """Let `relay` put a RECORD into its queue again."""
        ...

    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]: ...

    def forget(self, record: DeadRecord) -> None: ...


class Fallback(msgspec.Struct, frozen=True):
    """Where one recipient of a message is being reached: by the route at `position` of those in `event`."""

    event: MessageAccepted
    """With this one recipient."""
    position: int
    due_at: str | None
    """When `relay` looks whether the delivery is confirmed; None: nothing is to be done any more."""
    routed: bool
    """The deliveries at `position` were in the channel's queue."""

    @property
    def recipient(self) -> Recipient:
        return self.event.recipients[0].at(self.position)


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


class Line(msgspec.Struct, frozen=True):
    """Those of one group that wait for a channel, in their order. `version` changes with every newcomer."""

    channel: str
    group: str
    due_at: str
    version: int


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


class Audit(Protocol):
    def record(self, entry: AuditEntry) -> None:
        """Durable when it returns; the same entry again changes nothing, not even its time."""
        ...


class AuditQuery(msgspec.Struct, frozen=True):
    """Entries of these actions within a time, both ends included; ISO 8601 UTC. None: no limit."""

    actions: tuple[AuditAction, ...]
    since: str | None = None
    until: str | None = None


class AuditLog(Protocol):
    def listing(self, query: AuditQuery, after: TimeCursor | None, limit: int) -> list[AuditEntry]:
        """Newest first."""
        ...


class ApiKeys(Protocol):
    def get(self, key_hash: str) -> ApiKey | None: ...


class StoredWebhook(msgspec.Struct, frozen=True):
    webhook_id: str
    channel: str
    body: bytes
    received_at: str
    expires_at: int
    """Epoch seconds."""


class Arrivals(msgspec.Struct, frozen=True):
    """Webhooks that arrived within a time, both ends included; ISO 8601 UTC. None: no limit."""

    channels: tuple[str, ...]
    since: str | None = None
    until: str | None = None


class Webhooks(Protocol):
    def store(self, webhook: StoredWebhook) -> None:
        """Durable when it returns; the same webhook again changes nothing."""
        ...

    def get(self, webhook_id: str) -> StoredWebhook | None: ...

    def arrived(
        self, arrivals: Arrivals, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """(cursor, webhook_id), first arrived first."""
        ...


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


class KnownBreaker(msgspec.Struct, frozen=True):
    """A breaker and the version it had; 0: it was never written."""

    breaker: Breaker
    version: int


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


class Probe(Protocol):
    """One component of the health check: raises if it is down."""

    def __call__(self) -> None: ...


Probes = Mapping[str, Probe]
