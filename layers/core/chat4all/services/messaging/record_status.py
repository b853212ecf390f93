"""Move a delivery forward, and its message with it.

Statuses arrive in any order, repeated and in parallel. Every write is conditional on being a step forward,
and the message's status is derived from its deliveries. So recording a status again changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import StatusUpdate
from chat4all.domain.parts import message_status
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import Status
from chat4all.domain.waiting import ParkedStatus
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.ports import Deliveries, LogFailure, Messages

PARKED_AGAIN: Final = timedelta(minutes=1)
PARKED_FOR: Final = timedelta(days=2)


class Recorded(Enum):
    DONE = auto()
    UNKNOWN = auto()
    """There is no such delivery (yet)."""


class RecordStatus:
    """The use case that records the status of a delivery, and derives the status of its message."""

    def __init__(
        self,
        messages: Messages,
        deliveries: Deliveries,
        fall_back: FallBack,
        log_failure: LogFailure,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._fall_back = fall_back
        self._log_failure = log_failure
        self._clock = clock

    def __call__(self, update: StatusUpdate) -> Recorded:
        delivery_id = self._resolve(update)
        if delivery_id is None:
            return Recorded.UNKNOWN
        message_id = delivery_id.message_id
        if update.recorded and update.only and update.status is not Status.FAILED:
            self._messages.advance(message_id, update.status, update.at, delivery_id.round, settled=True)
            return Recorded.DONE
        delivery = self._current(delivery_id, update)
        if delivery is None:
            return Recorded.UNKNOWN
        if delivery.replaced:
            self._fall_back.failed(delivery)
        self._follow(delivery, update)
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

    def _follow(self, delivery: DeliveryPart, update: StatusUpdate) -> None:
        """Move the message to the status of its deliveries, unless a redrive has changed its round."""
        alone = delivery.recipient_count == delivery.part_count == 1
        all_ = [delivery] if alone else self._deliveries.of_message(delivery.message_id)
        status = message_status(all_, delivery.recipient_count)
        if status is Status.PENDING:
            return
        cause = _cause(all_) if status is Status.FAILED else None
        self._messages.advance(
            delivery.message_id,
            status,
            update.at,
            max(part.round for part in all_),
            settled=all(part.status is not Status.PENDING for part in all_),
            code=(cause.error_code or "UNKNOWN") if cause else None,
            reason=cause.error_reason if cause else None,
        )


def _cause(deliveries: Sequence[DeliveryPart]) -> DeliveryPart | None:
    """Return the failed part that says why the message failed.

    The latest update may be about another part, which did not fail.
    """
    failed = [part for part in deliveries if part.status is Status.FAILED and not part.replaced]
    return next((part for part in failed if part.error_code != EARLIER_PART), next(iter(failed), None))
