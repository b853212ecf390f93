"""Deliveries: one recipient on one channel, in parts."""

import msgspec

from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.status import Status, StatusChange


class DeliveryPart(msgspec.Struct, frozen=True):
    """A provider message on its way to a recipient: part `part` of `part_count` of a delivery.

    A delivery is one recipient on one channel; its parts are texts and files. `recipient_number` is the
    participant's number in the conversation, `route` the number of the channel among those to try, and `step`
    the number of the step of the message's plan. `fallback`: the recipient has a next channel, which counts
    once the delivery on this channel is FAILED.
    """

    message_id: str
    recipient_id: str
    channel: str
    account: str
    address: str
    part: int
    part_count: int
    recipient_count: int
    status: Status
    attempts: int
    conversation_id: str
    sequence: str
    recipient_number: int
    route: int = 0
    step: int = 0
    round: int = 0
    fallback: bool = False
    provider_message_id: str | None = None
    album_ids: tuple[str, ...] = ()
    """The provider's ids of this file and of those that were sent with it, by the number of parts between."""
    error_code: str | None = None
    error_reason: str | None = None
    status_history: tuple[StatusChange, ...] = ()

    @property
    def delivery_id(self) -> DeliveryId:
        return DeliveryId(self.message_id, self.recipient_id, self.channel, self.part, self.round, self.step)

    @property
    def replaced(self) -> bool:
        return self.fallback and self.status is Status.FAILED
