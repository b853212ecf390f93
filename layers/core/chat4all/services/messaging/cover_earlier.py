"""Mark the earlier messages to a person as read, where a provider reports only the last message seen.

The search goes back through the conversation and ends at the first message that the person has read before,
so its effort follows the number of messages that become read. The oldest of them is marked first: if the
process dies in between, the next search still finds those that are left.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from chat4all.domain.conversation import FROM_THE_START
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import StatusUpdate
from chat4all.domain.message import Message
from chat4all.domain.status import Status
from chat4all.services.messaging.ports import Deliveries, Messages

_PAGES: Final = (5, 20, 75)
"""The numbers of messages that are read in turn: most people read every message soon."""
_UNREAD: Final = frozenset({Status.SENT, Status.DELIVERED})


class _Found(msgspec.Struct, frozen=True):
    """What becomes read of a message, the newest first. `is_last`: what is earlier was read before."""

    unread: tuple[DeliveryPart | Message, ...] = ()
    is_last: bool = False


class CoverEarlier:
    def __init__(
        self, messages: Messages, deliveries: Deliveries, follow: Callable[[DeliveryPart, str], None]
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._follow = follow

    def before_delivery(self, seen: DeliveryPart, update: StatusUpdate) -> None:
        """Mark everything before the part `seen` as read, in the conversation and to the same recipient."""
        parts = self._of_recipient(seen.delivery_id, seen.account, seen.part)
        earlier = list(parts.unread)
        if not parts.is_last:
            earlier += self._earlier(seen.conversation_id, seen.sequence, update, seen.recipient_id)
        self._mark(earlier, update)

    def before_message(self, seen: Message, update: StatusUpdate) -> None:
        """Mark everything before a message as read that our side wrote in the provider's app."""
        self._mark(self._earlier(seen.conversation_id, seen.sequence, update, None), update)

    def _earlier(
        self, conversation_id: str, before: str, update: StatusUpdate, recipient_id: str | None
    ) -> list[DeliveryPart | Message]:
        earlier: list[DeliveryPart | Message] = []
        for message in self._history(conversation_id, before):
            found = self._of_message(message, update, recipient_id)
            earlier += found.unread
            if found.is_last:
                break
        return earlier

    def _history(self, conversation_id: str, before: str) -> Iterator[Message]:
        for limit in _PAGES:
            page = self._messages.history(conversation_id, FROM_THE_START, before, limit)
            yield from page
            if len(page) < limit:
                return
            before = page[-1].sequence

    def _of_message(self, message: Message, update: StatusUpdate, recipient_id: str | None) -> _Found:
        if message.received is not None and message.received.is_own:
            return _of_own(message, update)
        if recipient_id is None:
            # Only the deliveries of a message name its recipients; the chat of an own message has one person.
            begun = self._deliveries.of_message(message.message_id)
            over = (
                part for part in begun if (part.channel, part.account) == (update.channel, update.account)
            )
            recipient_id = next((part.recipient_id for part in over), None)
        if recipient_id is None or recipient_id == message.sender_id:
            return _Found()
        steps = (
            self._deliveries.get(DeliveryId(message.message_id, recipient_id, update.channel, 0, step=step))
            for step in reversed(range(max(len(message.steps), 1)))
        )
        first = next((begun for begun in steps if begun is not None), None)
        if first is None:
            return _Found()
        return self._of_recipient(first.delivery_id, update.account, first.part_count)

    def _of_recipient(self, delivery_id: DeliveryId, account: str, before: int) -> _Found:
        """Return the unread parts under number `before` of a delivery, up to the first that was read."""
        unread: list[DeliveryPart | Message] = []
        for number in reversed(range(before)):
            part = self._deliveries.get(msgspec.structs.replace(delivery_id, part=number))
            if part is None or part.account != account:
                continue
            if part.status is Status.READ:
                return _Found(tuple(unread), is_last=True)
            if part.status in _UNREAD:
                unread.append(part)
        return _Found(tuple(unread))

    def _mark(self, earlier: list[DeliveryPart | Message], update: StatusUpdate) -> None:
        for unread in reversed(earlier):
            if isinstance(unread, Message):
                self._messages.reported(unread, update.status, update.at)
                continue
            named = msgspec.structs.replace(
                update, delivery_id=str(unread.delivery_id), provider_message_id=None
            )
            delivery = self._deliveries.advance(unread.delivery_id, named)
            if delivery is not None:
                self._follow(delivery, update.at)


def _of_own(message: Message, update: StatusUpdate) -> _Found:
    if (message.channel, message.account) != (update.channel, update.account):
        return _Found()
    if message.status is Status.READ:
        return _Found(is_last=True)
    return _Found((message,))
