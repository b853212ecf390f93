"""Move a delivery forward, and its message with it.

Statuses arrive in any order, repeated and in parallel. Every write is conditional on being a step forward,
and the message's status is derived from its parts. So recording a status again changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import StatusUpdate
from chat4all.domain.parts import is_alone, message_status
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import Status
from chat4all.domain.waiting import ParkedStatus
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.ports import Deliveries, LogFailure, Messages

PARKED_AGAIN: Final = timedelta(minutes=1)
PARKED_FOR: Final = timedelta(days=2)


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
        status, round_, settled = self._of_message(delivery)
        if status is Status.PENDING:
            return
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

    def _of_message(self, delivery: DeliveryPart) -> tuple[Status, int, bool]:
        """Return the message's status and round, and whether all of its parts are settled.

        A part of several is first recorded in the message's state.
        """
        if is_alone(delivery):
            return delivery.status, delivery.round, True
        parts = self._messages.record_part(delivery)
        round_ = max((part.round for part in parts), default=delivery.round)
        settled = all(part.status is not Status.PENDING for part in parts)
        return message_status(parts, delivery.recipient_count), round_, settled

    def _cause(self, delivery: DeliveryPart) -> DeliveryPart:
        """Return the part that says why the message failed: of several parts, perhaps not this part."""
        if is_alone(delivery):
            return delivery
        return _cause(self._deliveries.of_message(delivery.message_id)) or delivery


class ApplyStatus:
    """The use case that applies a status to its delivery, and to the message."""

    def __init__(self, deliveries: Deliveries, follow: FollowDelivery, log_failure: LogFailure) -> None:
        self._deliveries = deliveries
        self._follow = follow
        self._log_failure = log_failure

    def __call__(self, update: StatusUpdate) -> DeliveryPart | None:
        """Return the delivery as it is now; None if there is no such delivery (yet).

        If the delivery was replaced, the caller must reach the recipient on the next channel (`FallBack`).
        """
        delivery_id = self._resolve(update)
        if delivery_id is None:
            return None
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
    """The use case that applies a status, and reaches the recipient on the next channel after a failure."""

    def __init__(self, apply: ApplyStatus, deliveries: Deliveries, fall_back: FallBack, clock: Clock) -> None:
        self._apply = apply
        self._deliveries = deliveries
        self._fall_back = fall_back
        self._clock = clock

    def __call__(self, update: StatusUpdate) -> Recorded:
        delivery = self._apply(update)
        if delivery is None:
            return Recorded.UNKNOWN
        if delivery.replaced:
            self._fall_back.failed(delivery)
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


def _cause(deliveries: Sequence[DeliveryPart]) -> DeliveryPart | None:
    """Return the failed part that says why the message failed.

    A part that was not sent because an earlier part failed says so only if no other part does.
    """
    failed = [part for part in deliveries if part.status is Status.FAILED and not part.replaced]
    return next((part for part in failed if part.error_code != EARLIER_PART), next(iter(failed), None))
