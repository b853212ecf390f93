"""Move a delivery forward, and its message with it.

Statuses arrive in any order, repeated and in parallel. Every write is conditional on being a step forward,
and the message's status is derived from its parts. So recording a status again changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import StatusUpdate
from chat4all.domain.parts import PartStatus, is_alone, message_status
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import PROOF, Status
from chat4all.domain.verification import is_of_code
from chat4all.domain.waiting import ParkedStatus
from chat4all.services.messaging.cover_earlier import CoverEarlier
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.ports import Deliveries, LogFailure, Messages
from chat4all.services.messaging.try_again import TryAgain

PARKED_AGAIN: Final = timedelta(minutes=1)
PARKED_FOR: Final = timedelta(days=2)
_TRIES: Final = 3
_UNPROVEN: Final = frozenset({Status.PENDING, Status.SENT})


class FollowDelivery:
    """The use case that moves a message to the status of its deliveries."""

    def __init__(self, messages: Messages, deliveries: Deliveries) -> None:
        self._messages = messages
        self._deliveries = deliveries

    def __call__(self, delivery: DeliveryPart, at: str) -> None:
        """Record the delivery's status in the state of its message, unless a redrive changed its round.

        The effort is the same for a group of any size. A PENDING delivery changes nothing: a redrive, which
        made it PENDING again, has recorded so itself.
        """
        if delivery.status is Status.PENDING:
            return
        if is_alone(delivery):
            self._advance(delivery, delivery.status, at, delivery.round, settled=True)
            return
        parts = self._messages.record_part(delivery)
        for _ in range(_TRIES if _was_failed(delivery) else 0):
            if self._is_lifted(delivery, at, parts):
                return
            parts = self._messages.record_part(delivery)
        status = message_status(parts, delivery.recipient_count)
        if status is not Status.PENDING:
            settled = all(part.status is not Status.PENDING for part in parts)
            self._advance(delivery, status, at, _round(delivery, parts), settled=settled)

    def _is_lifted(self, delivery: DeliveryPart, at: str, parts: Sequence[PartStatus]) -> bool:
        """Return whether the message is no longer FAILED, though its parts are not all proven yet."""
        status = message_status(parts, delivery.recipient_count)
        if status not in _UNPROVEN:
            return False
        look_at = iso(parse_iso(at) + DELIVERY_GRACE)
        return self._messages.lift(
            delivery.message_id, status, at, _round(delivery, parts), parts=parts, look_at=look_at
        )

    def _advance(
        self, delivery: DeliveryPart, status: Status, at: str, round_: int, *, settled: bool
    ) -> None:
        cause = self._cause(delivery) if status is Status.FAILED else None
        self._messages.advance(
            delivery.message_id,
            status,
            at,
            round_,
            settled=settled,
            code=(cause.error_code or "UNKNOWN") if cause else None,
            reason=cause.error_reason if cause else None,
        )

    def _cause(self, delivery: DeliveryPart) -> DeliveryPart:
        """Return the part that says why the message failed: of several parts, perhaps not this part."""
        if is_alone(delivery):
            return delivery
        return _cause(self._deliveries.of_message(delivery.message_id)) or delivery


class Applied(msgspec.Struct, frozen=True):
    """A status was applied to a delivery, as it is now, or to a message of our side in the provider's app.

    Or it is the status of a one-time code, of which only a failure is logged.
    """

    delivery: DeliveryPart | None = None


class ApplyStatus:
    """The use case that applies a status to its delivery, and to the message."""

    def __init__(
        self, messages: Messages, deliveries: Deliveries, follow: FollowDelivery, log_failure: LogFailure
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._follow = follow
        self._log_failure = log_failure
        self._cover = CoverEarlier(messages, deliveries, follow)

    def __call__(self, update: StatusUpdate) -> Applied | None:
        """Apply the status; return None if there is no such delivery (yet).

        If the delivery was replaced, the caller must reach the recipient on the next channel (`FallBack`).
        """
        delivery_id = self._resolve(update)
        if delivery_id is None:
            return self._to_own_message(update)
        if is_of_code(delivery_id):
            if update.status is Status.FAILED:
                self._log_failure(delivery_id, "", update.error_code, update.error_reason)
            return Applied()
        delivery = self._to_delivery(delivery_id, update)
        if delivery is None:
            return None
        if update.covers_earlier:
            self._cover.before_delivery(delivery, update)
        return Applied(delivery)

    def _to_own_message(self, update: StatusUpdate) -> Applied | None:
        """Apply a receipt of a message that our side wrote in the provider's app."""
        if update.provider_message_id is None or update.delivery_id is not None:
            return None
        message = self._messages.find(update.channel, update.account, update.provider_message_id)
        if message is None or message.received is None or not message.received.is_own:
            return None
        if update.status in PROOF:
            self._messages.reported(message, update.status, update.at)
        if update.covers_earlier:
            self._cover.before_message(message, update)
        return Applied()

    def _to_delivery(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        if update.status is Status.SENT and not update.recorded:
            known = self._deliveries.get(delivery_id)
            if known is not None and known.status is not Status.PENDING:
                # As a rule, the process that sent the message has recorded SENT before this receipt arrived.
                return known
        delivery = self._current(delivery_id, update)
        if delivery is not None:
            self._follow(delivery, update.at)
        return delivery

    def _resolve(self, update: StatusUpdate) -> DeliveryId | None:
        named = DeliveryId.parse(update.delivery_id) if update.delivery_id else None
        if named is not None or update.provider_message_id is None:
            return named
        return self._deliveries.find(update.channel, update.account, update.provider_message_id)

    def _current(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        if update.recorded:
            return self._deliveries.get(delivery_id)
        if update.status is Status.FAILED:
            return self._fail(delivery_id, update)
        return self._deliveries.advance(delivery_id, update)

    def _fail(self, delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        """Record a failure that the provider reports, and log it unless it was recorded before."""
        before = self._deliveries.get(delivery_id)
        delivery = self._deliveries.advance(delivery_id, update)
        if before is None or delivery is None or delivery.status is not Status.FAILED:
            return delivery
        if before.status is not Status.FAILED:
            self._log_failure(
                delivery_id, delivery.conversation_id, delivery.error_code, delivery.error_reason
            )
        return delivery


class Recorded(Enum):
    DONE = auto()
    UNKNOWN = auto()
    """There is no such delivery (yet)."""


class RecordStatus:
    """The use case that applies a status, and does what follows from a failure.

    The recipient is reached on the next channel, or on the same channel later.
    """

    def __init__(
        self, apply: ApplyStatus, deliveries: Deliveries, fall_back: FallBack, again: TryAgain, clock: Clock
    ) -> None:
        self._apply = apply
        self._deliveries = deliveries
        self._fall_back = fall_back
        self._again = again
        self._clock = clock

    def __call__(self, update: StatusUpdate) -> Recorded:
        applied = self._apply(update)
        if applied is None:
            return Recorded.UNKNOWN
        if applied.delivery is not None:
            self._again(applied.delivery, update)
            if applied.delivery.replaced:
                self._fall_back.failed(applied.delivery)
        return Recorded.DONE

    def park(self, update: StatusUpdate) -> None:
        """Keep a status whose delivery is unknown, so that `relay` tries it again until it expires."""
        now = self._clock()
        self._deliveries.park(ParkedStatus(update, iso(now + PARKED_AGAIN), iso(now + PARKED_FOR)))

    def retry_parked(self, parked: ParkedStatus) -> Recorded:
        """Record a parked status; keep it parked if its delivery is still unknown and it has not expired."""
        recorded = self(parked.update)
        now = self._clock()
        if recorded is Recorded.DONE or parse_iso(parked.expires_at) <= now:
            self._deliveries.unpark(parked)
        else:
            again = ParkedStatus(parked.update, iso(now + PARKED_AGAIN), parked.expires_at)
            self._deliveries.park(again)
        return recorded


def _was_failed(delivery: DeliveryPart) -> bool:
    """Return whether the delivery's status is the proof that came after a failure."""
    before = delivery.status_history[-2:-1]
    return delivery.status in PROOF and any(change.status is Status.FAILED for change in before)


def _round(delivery: DeliveryPart, parts: Sequence[PartStatus]) -> int:
    return max((part.round for part in parts), default=delivery.round)


def _cause(deliveries: Sequence[DeliveryPart]) -> DeliveryPart | None:
    """Return the failed part that says why the message failed.

    A part that was not sent because an earlier part failed says so only if no other part does.
    """
    failed = [part for part in deliveries if part.status is Status.FAILED and not part.replaced]
    return next((part for part in failed if part.error_code != EARLIER_PART), next(iter(failed), None))
