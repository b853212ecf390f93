"""Carry out an edit or a deletion at the provider, for a delivery of the message that it changes.

The message's own delivery stands before the act in the same group, so it has an outcome: it was sent, and the
provider's ids of its parts are known; or it was not, and there is nothing to change. If the process dies
after the provider carried out the act, the act is claimed and carried out again, which changes nothing more.
"""

from typing import Final

from chat4all.domain.acts import ActKind, ActOn, Deleting, Done, Editing, ProviderAct
from chat4all.domain.clock import Clock, iso
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.own_changes import deleted_by_us
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.sending import Outcome, OutgoingContent, SendError, Sent
from chat4all.services.messaging.connector import ChannelSecret, Connector
from chat4all.services.messaging.ports import Deliveries, Messages

_APPLIED: Final = "act:"
_NOT_SENT: Final = "nothing:"
_TRIES: Final = 5
_OTHER_PARTS: Final = SendError(
    Outcome.PERMANENT, "PARTS_DIFFER", "The edited message has another number of parts than the sent message."
)


def was_sent(provider_message_id: str | None) -> bool:
    """Return whether an act with this id in its record found something to change."""
    return not (provider_message_id or "").startswith(_NOT_SENT)


class CarryOutAct:
    def __init__(
        self,
        connector: Connector,
        deliveries: Deliveries,
        messages: Messages,
        clock: Clock,
        *,
        keep_deleted_words: bool,
    ) -> None:
        self._connector = connector
        self._deliveries = deliveries
        self._messages = messages
        self._clock = clock
        self._keep_deleted_words = keep_deleted_words

    def aimed(
        self, requested: DeliveryRequested, on: ActOn, content: OutgoingContent
    ) -> ProviderAct | SendError | Sent:
        """Return the act for the connector; `Sent` if the delivery was never sent."""
        to = requested.recipient
        parts = [part for part in self._parts(on, requested) if part.provider_message_id is not None]
        nothing = Sent(f"{_NOT_SENT}{requested.delivery_id}")
        if on.kind is ActKind.DELETE:
            ids = tuple(part.provider_message_id or "" for part in parts)
            return Deleting(parts[0].account, parts[0].address, ids) if parts else nothing
        sent = next((part for part in parts if part.part == requested.part), None)
        if not parts or (sent is None and parts[0].part_count == requested.part_count):
            return nothing
        if sent is None or sent.part_count != requested.part_count:
            return _OTHER_PARTS
        return Editing(to.account, sent.address, sent.provider_message_id or "", content)

    def __call__(
        self, requested: DeliveryRequested, act: ProviderAct, secret: ChannelSecret
    ) -> Sent | SendError:
        """Ask the provider. An act makes no message there, so that its record gets an id of our own.

        Raises:
            Unavailable: the message could not be marked as deleted; the act must be carried out again.
        """
        answer = self._connector.act(act, secret)
        if isinstance(answer, Done):
            if isinstance(act, Deleting) and requested.act is not None:
                self._mark_deleted(requested.act.message_id)
            return Sent(f"{_APPLIED}{requested.delivery_id}")
        if answer.outcome is Outcome.ADDRESS_CHANGED:
            # The messages of the former chat have other ids in the new one, or none.
            return SendError(Outcome.PERMANENT, answer.code, answer.reason)
        return answer

    def _parts(self, on: ActOn, requested: DeliveryRequested) -> list[DeliveryPart]:
        to = requested.recipient
        first = self._deliveries.get(DeliveryId(on.message_id, to.user_id, to.channel, 0, step=to.step))
        if first is None or first.part_count == 1:
            return [first] if first is not None else []
        all_parts = parts_by_recipient(self._deliveries.of_message(on.message_id))
        return all_parts.get((to.user_id, to.channel, to.step), [])

    def _mark_deleted(self, message_id: str) -> None:
        """Mark the message as deleted before the act is recorded: a process that dies repeats both."""
        for _ in range(_TRIES):
            message = self._messages.get(message_id)
            at = iso(self._clock())
            changed = deleted_by_us(message, at, keep_words=self._keep_deleted_words) if message else None
            if message is None or changed is None or self._messages.rewrite(message, changed):
                return
        raise Unavailable("The message is changing too quickly; try again.", retry_after=1)
