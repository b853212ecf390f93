"""Handle the events of a webhook: record its statuses at once, and queue everything else."""

from collections.abc import Sequence
from typing import Final

from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundStatus, StatusUpdate, WebhookEvent
from chat4all.services.messaging.ports import Events
from chat4all.services.messaging.record_status import ApplyStatus
from chat4all.services.messaging.try_again import PASSING

MOST_APPLIED: Final = 10
"""The most statuses that are applied while the provider waits for the answer to its webhook."""


class HandleEvents:
    def __init__(self, apply: ApplyStatus, events: Events) -> None:
        self._apply = apply
        self._events = events

    def __call__(self, received: Sequence[WebhookEvent]) -> None:
        """Handle the events of one webhook.

        A status goes to the queue `status-updates` if its delivery is unknown so far, if the database does
        not answer, or if the recipient must be reached again: on the next channel, or on the same channel
        later. So do all statuses after the first `MOST_APPLIED`.

        Raises:
            Unavailable: a queue did not take an event; the webhook must be handled again.
        """
        others = [event for event in received if not isinstance(event.event, InboundStatus)]
        if others:
            self._events.webhook_events(others)
        updates = [
            _update(event.channel, event.account, event.event)
            for event in received
            if isinstance(event.event, InboundStatus)
        ]
        now, later = updates[:MOST_APPLIED], updates[MOST_APPLIED:]
        left = [update for update in now if not self._is_applied(update)] + later
        if left and self._events.status_updates(left):
            raise Unavailable(
                "The webhook is stored, but not every status was queued; try again.", retry_after=1
            )

    def _is_applied(self, update: StatusUpdate) -> bool:
        if update.outcome in PASSING:
            return False
        try:
            applied = self._apply(update)
        except Unavailable:
            return False
        return applied is not None and (applied.delivery is None or not applied.delivery.replaced)


def _update(channel: str, account: str, event: InboundStatus) -> StatusUpdate:
    return StatusUpdate(
        channel=channel,
        account=account,
        status=event.status,
        at=event.at,
        provider_message_id=event.provider_message_id,
        delivery_id=_own_delivery(channel, event.delivery_id),
        error_code=event.error_code,
        error_reason=event.error_reason,
        outcome=event.outcome,
        covers_earlier=event.covers_earlier,
    )


def _own_delivery(channel: str, delivery_id: str | None) -> str | None:
    """Return the id if it names a delivery of the channel: a channel reports on its own deliveries only."""
    named = DeliveryId.parse(delivery_id) if delivery_id is not None else None
    return delivery_id if named is not None and named.channel == channel else None
