"""The ports of the message use cases. Adapters implement them; tests use fakes of them.

Every method that calls AWS raises `Unavailable` if AWS does not answer, or throttles for longer than its
client retries.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from chat4all.domain.breaker import Breaker, KnownBreaker
from chat4all.domain.channel import ChannelAccounts
from chat4all.domain.claims import Claimed, ClaimRefused, Counts
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import (
    DeliveryRequested,
    MessageAccepted,
    MessageSubmitted,
    ParticipantJoining,
    SignalsRequested,
    StatusUpdate,
    TemplateChanged,
    WebhookEvent,
)
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.pages import SentCursor, TimeCursor, TimeOrder
from chat4all.domain.parts import PartStatus
from chat4all.domain.plan import Skipped
from chat4all.domain.sending import SendError
from chat4all.domain.status import Status
from chat4all.domain.templates import KnownTemplate
from chat4all.domain.versions import Deletion
from chat4all.domain.waiting import DueMessage, Fallback, HoldingQueue, ParkedStatus
from chat4all.services.messaging.connector import ChannelSecret


class MessageQuery(msgspec.Struct, frozen=True):
    """A search for messages by their sender or by their status."""

    sender_id: str | None = None
    status: Status | None = None
    order: TimeOrder = TimeOrder.NEWEST_FIRST


class Arriving(msgspec.Struct, frozen=True):
    """A person's message, if it is stored, and a deletion that came before it.

    `album_id` is the message of which it is an item, if it is none of its own.
    """

    message: Message | None
    deletion: Deletion | None = None
    album_id: str | None = None


class Messages(Protocol):
    def add(self, message: Message) -> Message | None:
        """Store the message and return None; if its id is taken, return the stored message instead.

        The message takes the place of a SCHEDULED message with the same fingerprint.
        """
        ...

    def schedule(self, message: Message) -> Message | None:
        """Store a SCHEDULED message and return None; if its id is taken, return the stored message."""
        ...

    def scheduled(self, now: str, limit: int) -> list[Message]:
        """Return the SCHEDULED messages whose time is before `now`, in the order of time and id."""
        ...

    def end_scheduled(
        self, message_id: str, status: Status, at: str, code: str | None = None, reason: str | None = None
    ) -> bool:
        """Move a SCHEDULED message to CANCELLED or FAILED; return False if it is no longer SCHEDULED."""
        ...

    def renumber(self, message: Message, sequence: str) -> Message:
        """Give the message the number of its record that is handled; return the message with it.

        The message is late from then on: when it got this number is not known.
        """
        ...

    def get(self, message_id: str) -> Message | None: ...

    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        """Return the known messages among `message_ids`, in no order."""
        ...

    def begin(self, message_id: str, look_at: str) -> None:
        """Begin the message's state, unless it has one: PENDING, and `relay` looks at it at `look_at`."""
        ...

    def due(self, now: str, limit: int) -> list[DueMessage]:
        """Return messages that are PENDING or redriven, and due to be looked at by `relay`."""
        ...

    def postpone(self, due: DueMessage, look_at: str) -> bool:
        """Make the message due later; return False if it is no longer due, or was postponed already."""
        ...

    def settle(self, due: DueMessage) -> None:
        """Take the message off the list of due messages: none of its deliveries is PENDING."""
        ...

    def record_part(self, delivery: DeliveryPart) -> list[PartStatus]:
        """Record the status of a part in its message's state, if it is a step forward; return all parts.

        The status is not PENDING, since no step leads there. All parts are those whose status was ever
        recorded. The effort does not depend on their number.
        """
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
        """Move the message forward to `status`.

        Returns False if `status` is no step forward, or if the message is in another round. `settled`: none
        of its deliveries is PENDING, so `relay` does not need to look at it again.
        """
        ...

    def lift(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        parts: Sequence[PartStatus],
        look_at: str,
    ) -> bool:
        """Move a FAILED message to the PENDING or SENT that follows from its `parts` now.

        Proof of receipt of a part leads there, as long as the other parts have no proof. Returns False if
        the message is not FAILED, or if the recorded parts are no longer `parts`. `relay` looks at a PENDING
        message at `look_at`.
        """
        ...

    def reported(self, message: Message, status: Status, at: str) -> bool:
        """Move a message that our side wrote in the provider's app forward to DELIVERED or READ."""
        ...

    def give_up(self, message: Message, at: str, code: str, reason: str) -> bool:
        """Mark a message that cannot be delivered as FAILED, and make it a dead letter.

        Returns False if FAILED is no step forward.
        """
        ...

    def redrive(self, message: Message, parts: Sequence[DeliveryPart], at: str, look_at: str) -> int | None:
        """Make `parts`, failed and at most MOST_REDRIVEN, PENDING again, and a FAILED message with them.

        Either all parts change or none. Returns the new round of the message; None if the message or a part
        has changed since it was read. `relay` looks at the message at `look_at`.
        """
        ...

    def arriving(self, message_id: str) -> Arriving:
        """Return what is stored of a person's message whose webhook arrives. The answer is consistent."""
        ...

    def rewrite(self, message: Message, changed: Message) -> bool:
        """Store the content, items, edits, deletion and `received` of `changed`.

        Returns False if those of the stored message are no longer as in `message`.
        """
        ...

    def join_album(self, message_id: str, album: Message, name: str) -> None:
        """Record that the message `message_id`, named `name` at the provider, is an item of `album`.

        `arriving` and `find` lead to the album from then on. Doing so again changes nothing.
        """
        ...

    def park_deletion(self, message_id: str, deletion: Deletion, expires_at: int) -> None:
        """Keep the deletion of a message that is not stored yet, until `expires_at` (epoch seconds)."""
        ...

    def history(self, conversation_id: str, after: str, before: str | None, limit: int) -> list[Message]:
        """Return the messages with a sequence number over `after` and under `before`, newest first.

        Notices are in no history.
        """
        ...

    def senders(self, conversation_id: str, after: str, limit: int) -> list[str | None]:
        """Return the senders of the latest messages with a sequence number over `after`, the newest first.

        None stands for a reaction, which says nothing to read.
        """
        ...

    def history_by_sent(
        self, conversation_id: str, after: str, past: SentCursor | None, limit: int
    ) -> list[Message]:
        """Return the messages past the cursor with a sequence number over `after`, the latest sent first."""
        ...

    def search(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        """Return (cursor, message_id) of the messages that match the query, after the cursor `after`.

        A search by sender finds no notices, and no message that is not accepted yet. SCHEDULED messages
        are in the order of their times.
        """
        ...

    def latest_from(self, user_id: str, channel: str, account: str, since: str) -> str | None:
        """Return when the person last wrote to our account after `since`, by the provider; None if never.

        Only the last messages of the person that were accepted since then are read, a bounded number.
        """
        ...

    def find(self, channel: str, account: str, provider_message_id: str) -> Message | None:
        """Return the message with the provider's id: a message that we sent, or a person's message."""
        ...


class Deliveries(Protocol):
    def claim(
        self, requested: DeliveryRequested, claim_id: str, now: float, until: float
    ) -> Claimed | ClaimRefused:
        """Create the delivery's record, or take over a record that is PENDING and not claimed."""
        ...

    def recount(self, delivery: DeliveryPart, recipient_count: int) -> DeliveryPart:
        """Lower the number of the message's recipients in the delivery's record; return the delivery."""
        ...

    def record_sent(
        self, claimed: Claimed, provider_message_id: str, at: str, album_ids: tuple[str, ...] = ()
    ) -> None:
        """Record SENT with the provider's id, and the ids of the files that were sent with this one."""
        ...

    def record_failed(self, claimed: Claimed, code: str, reason: str, at: str) -> None: ...

    def end(self, requested: DeliveryRequested, now: float, code: str, reason: str, at: str) -> bool:
        """Mark the delivery as FAILED, whether it was begun or not, unless a person has received it.

        Returns False while a process is sending it.
        """
        ...

    def release(self, claimed: Claimed, counts: Counts) -> None:
        """Give back the claim of a delivery that was not sent."""
        ...

    def get(self, delivery_id: DeliveryId) -> DeliveryPart | None: ...

    def provider_id(self, delivery_id: DeliveryId, account: str) -> str | None:
        """Return the provider's id of the delivery, or of its message if a person wrote the message.

        If the delivery is replaced or unknown, it is the id of the later step of the plan that went to the
        same recipient over the same channel, if there is one.

        None if the message is in a chat with another account of ours: Telegram gives the same person's chats
        with two accounts the same id, and their messages the same numbers.
        """
        ...

    def of_message(self, message_id: str) -> list[DeliveryPart]: ...

    def find(self, channel: str, account: str, provider_message_id: str) -> DeliveryId | None: ...

    def advance(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        """Move the delivery forward and return its new state; None if there is no such delivery."""
        ...

    def park(self, parked: ParkedStatus) -> None: ...

    def parked(self, now: str, limit: int) -> list[ParkedStatus]: ...

    def unpark(self, parked: ParkedStatus) -> None: ...


class LogFailure(Protocol):
    def __call__(
        self, delivery_id: DeliveryId, conversation_id: str, code: str | None, reason: str | None
    ) -> None:
        """Log which delivery failed and why."""
        ...


class Fallbacks(Protocol):
    def begin(self, event: MessageAccepted, due_at: str) -> Fallback:
        """Begin at the first route; return a fallback that was begun before as it is."""
        ...

    def get(self, message_id: str, user_id: str) -> Fallback | None: ...

    def routed(self, fallback: Fallback, due_at: str | None) -> None:
        """Record that the deliveries are in the channel's queue; they must be confirmed by `due_at`."""
        ...

    def step(self, fallback: Fallback, due_at: str) -> Fallback | None:
        """Move to the next route; return None if another process did so."""
        ...

    def skip(self, fallback: Fallback, skipped: Skipped, due_at: str) -> Fallback | None:
        """Record that the present route is not possible, and move to the next one if there is one.

        Returns None if another process moved the fallback, or put its deliveries into a queue.
        """
        ...

    def of_message(self, message_id: str) -> list[Fallback]:
        """Return the fallbacks that were begun, ordered by recipient."""
        ...

    def due(self, now: str, limit: int) -> list[Fallback]: ...

    def postpone(self, fallback: Fallback, due_at: str | None) -> bool:
        """Make the fallback due at `due_at`, or no longer due if it is None.

        Returns False if another process has changed the fallback.
        """
        ...


class HeldDeliveries(Protocol):
    """Deliveries whose wait is too long for a channel's queue.

    Each channel account and group has a holding queue.
    """

    def any(self, channel: str, account: str) -> bool:
        """Return whether the channel account may have held deliveries.

        The answer includes a delivery that another process added at least `HOLDING_KNOWN_S` seconds ago.
        """
        ...

    def head(self, channel: str, account: str, group: str) -> str | None:
        """Return the place of the first delivery in the group's holding queue."""
        ...

    def hold(self, requested: DeliveryRequested, due_at: str, *, first: bool) -> None:
        """Add the delivery to its group's holding queue; durable when it returns.

        Adding the same delivery again does not duplicate it. The queue is due at `due_at` if the delivery is
        `first`, or if the queue is new.
        """
        ...

    def remove(self, requested: DeliveryRequested) -> None:
        """Remove a delivery that is done; a delivery that is not held changes nothing."""
        ...

    def due(self, now: str, limit: int) -> list[HoldingQueue]: ...

    def postpone(self, holding_queue: HoldingQueue, due_at: str) -> bool:
        """Make the queue due later; return False if another process has postponed it."""
        ...

    def first_held(self, holding_queue: HoldingQueue, limit: int) -> list[DeliveryRequested]:
        """Return the first deliveries of the queue, in order."""
        ...

    def close(self, holding_queue: HoldingQueue) -> None:
        """Delete an empty queue, unless a delivery was added since the queue was read."""
        ...


HOLDING_KNOWN_S: Final = 1.0
"""After so many seconds, every process knows that an account has held deliveries."""


class Events(Protocol):
    """The streams between the functions."""

    def message_submitted(self, event: MessageSubmitted) -> str:
        """Put the message at the end of its conversation; return its number there.

        The same message, submitted twice within 5 minutes, keeps its place where the transport is SQS.

        Raises:
            Unavailable: AWS did not answer. The message may have its place all the same.
        """
        ...

    def participant_joining(self, event: ParticipantJoining) -> str:
        """Take a place for the participant among the messages; return its number."""
        ...

    def message_accepted(self, event: MessageAccepted) -> None:
        """Request the routing of a message that is stored."""
        ...

    def signals_requested(self, event: SignalsRequested) -> None:
        """Request signals to the people of a conversation."""
        ...

    def deliveries_requested(self, requested: Sequence[DeliveryRequested]) -> None:
        """Publish all requests, in order per conversation and recipient.

        Raises:
            Unavailable: a queue did not take a request.
        """
        ...

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        """Publish the updates; return the updates that were not taken."""
        ...

    def webhook_events(self, events: Sequence[WebhookEvent]) -> None: ...


class KnownTemplates(Protocol):
    """The templates as they were known last. `owner` is the provider's id of the account that has them."""

    def get(self, channel: str, owner: str, name: str, language: str) -> KnownTemplate | None: ...

    def put(self, channel: str, owner: str, known: KnownTemplate) -> None:
        """Store the template, unless a later version of it is stored."""
        ...

    def apply(self, channel: str, changed: TemplateChanged) -> None:
        """Apply news of a known template, unless later news are stored; an unknown template stays unknown."""
        ...

    def remove(self, channel: str, owner: str, name: str, language: str) -> None: ...

    def usable(self, channel: str, owner: str, limit: int) -> list[str]:
        """Return the first names, in alphabetical order, of templates that can be sent."""
        ...


class Secrets(Protocol):
    """The credentials of the channel accounts. Each method raises Unavailable."""

    def of(self, channel: str, account: str) -> ChannelSecret | SendError:
        """Return the account's credentials as they were at most a minute ago.

        The error is what becomes of a message of an account without credentials.
        """
        ...

    def anew(self, channel: str, account: str) -> ChannelSecret | SendError:
        """Return the account's credentials as they are now, because the provider refused them."""
        ...

    def every(self, channel: str) -> Mapping[str, ChannelSecret]:
        """Return the credentials of every account as they were at most a minute ago, the first one first."""
        ...


class Breakers(Protocol):
    """The circuit breakers of the channel accounts, shared by all processes."""

    def get(self, channel: str, account: str) -> KnownBreaker: ...

    def get_many(self, accounts: ChannelAccounts) -> dict[str, dict[str, Breaker]]:
        """Return the breaker of each account, by channel and account."""
        ...

    def save(self, channel: str, account: str, breaker: Breaker, version: int) -> bool:
        """Save the breaker as `version` + 1; return False if the stored breaker is no longer at `version`."""
        ...


class Limiter(Protocol):
    def expect(self, messages: int) -> None:
        """Tell how many messages are about to be sent, so that no more tokens are taken than they need."""
        ...

    def wait_s(
        self, channel: str, account: str, address: str, now: float, file: Attachment | None = None
    ) -> float:
        """Take the tokens of one message and return 0, or return the seconds to wait for them.

        If many messages wait for the account, their times are an interval apart.
        """
        ...

    def account_wait_s(self, channel: str, account: str, now: float) -> float:
        """Take a token of the account alone and return 0, or return the seconds to wait for it.

        The request takes no place among the messages that wait for the account.
        """
        ...
