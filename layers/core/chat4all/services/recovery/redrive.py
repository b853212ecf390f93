"""What failed for good, brought back by hand.

Redriving makes the failed parts of a delivery PENDING again in one transaction with their message, in a new round; then the
message goes through `chat-events` once more. A process that dies in between leaves a message that is due: whoever asks again publishes
it, in its place among those redriven after it; else `relay` does, later.
What is told of an earlier round is no news any more. (A receipt says that a person has the message; it counts in any round.)
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.dead_letters import MOST_REDRIVEN, DeadLetter, DeadLetterKind
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Chat4AllError, DeadLetterNotFound, MessageNotFound, NotFailed, Unavailable
from chat4all.domain.pages import Page, decode_cursor, encode_cursor
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.records import DeliveryPart, Message
from chat4all.domain.status import Status
from chat4all.services.messaging.accept_message import PUBLISH_GRACE, AcceptMessage
from chat4all.services.messaging.ports import Deliveries, Events, Messages
from chat4all.services.recovery.ports import DeadLetters

_TRIES: Final = 3


class DeadLetterCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last dead letter of a page."""

    sort_key: str


class RefusedRedrive(msgspec.Struct, frozen=True):
    """One that stays a dead letter, and why."""

    dead_letter_id: str
    code: str
    message: str


class Redriven(msgspec.Struct, frozen=True):
    """What one request did; `next_cursor` is there while there are more."""

    redriven: int
    refused: tuple[RefusedRedrive, ...]
    next_cursor: str | None = None


class Redrive:
    def __init__(
        self,
        *,
        messages: Messages,
        deliveries: Deliveries,
        dead_letters: DeadLetters,
        accept: AcceptMessage,
        events: Events,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._deliveries = deliveries
        self._dead_letters = dead_letters
        self._accept = accept
        self._events = events
        self._clock = clock

    def listing(self, channel: str | None, cursor: str | None, limit: int) -> Page[DeadLetter]:
        """Those of one conversation in the order of acceptance; raises Invalid for a cursor that is none."""
        found = self._dead_letters.listing(channel, _after(cursor), limit + 1)
        return Page(tuple(found[:limit]), _next(found, limit))

    def message(self, message_id: str) -> Message:
        """Everything of one message that failed.

        Raises:
            NotFound: no such message.
            Conflict: nothing of it failed.
            Forbidden, NotPossible: it cannot be delivered any more.
            Unavailable: nothing was redriven; the same request may be repeated.
        """
        for _ in range(_TRIES):
            failed = [
                one
                for one in self._deliveries.of_message(message_id)
                if one.status is Status.FAILED and not one.fallback
            ]
            if self._all_again(message_id, failed):
                return self._known(message_id)
        raise Unavailable("The message is changing too quickly.", retry_after=1)

    def one(self, dead_letter_id: str) -> Redriven:
        """Raises NotFound, and what `message` raises."""
        found = self._dead_letters.get(dead_letter_id)
        if found is None:
            raise DeadLetterNotFound("There is no such dead letter.")
        self._redrive(found)
        return Redriven(1, ())

    def many(self, channel: str | None, cursor: str | None, limit: int) -> Redriven:
        """At most `limit` of a channel's, or of all, in order. One that is refused holds up no other."""
        found = self._dead_letters.listing(channel, _after(cursor), limit + 1)
        refused = [one for letter in found[:limit] if (one := self._try(letter)) is not None]
        return Redriven(len(found[:limit]) - len(refused), tuple(refused), _next(found, limit))

    def _try(self, letter: DeadLetter) -> RefusedRedrive | None:
        try:
            self._redrive(letter)
        except Unavailable:
            raise
        except Chat4AllError as refused:
            return RefusedRedrive(letter.dead_letter_id, refused.code, refused.message)
        return None

    def _redrive(self, letter: DeadLetter) -> None:
        if letter.kind is DeadLetterKind.RECORD:
            self._dead_letters.send_back(letter, iso(self._clock()))
            return
        named = DeliveryId.parse(letter.dead_letter_id)
        if named is None:
            self.message(letter.dead_letter_id)
            return
        for _ in range(_TRIES):
            all_ = parts_by_recipient(self._deliveries.of_message(named.message_id))
            parts = all_.get((named.recipient_id, named.channel), [])
            failed = [one for one in parts if one.status is Status.FAILED and not one.fallback]
            if not failed and letter.sort_key and self._known(named.message_id).round:
                # Two parts of one text may have failed; redriving the first took both.
                return
            if self._all_again(named.message_id, failed):
                return
        raise Unavailable("The message is changing too quickly.", retry_after=1)

    def _known(self, message_id: str) -> Message:
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        return message

    def _all_again(self, message_id: str, failed: Sequence[DeliveryPart]) -> bool:
        """As many at once as may be, each time in a round of its own, and of a message as it is then."""
        return all(self._again(self._known(message_id), some) for some in _at_once(failed))

    def _again(self, message: Message, failed: Sequence[DeliveryPart]) -> bool:
        """False when it has changed since it was read."""
        if not failed and message.status is not Status.FAILED:
            if self._publish(message):
                return True
            raise NotFailed("Nothing of this message failed.")
        # What cannot be delivered any more is refused before anything is changed.
        event = self._accept.event_again(message, failed)
        now = self._clock()
        round_ = self._messages.redrive(message, failed, iso(now), iso(now + PUBLISH_GRACE))
        if round_ is None:
            return False
        # Not published, it is redriven all the same: asked again, `_publish` does it, and else `relay`.
        self._events.message_accepted(msgspec.structs.replace(event, round=round_))
        return True

    def _publish(self, message: Message) -> bool:
        """Whether it was redriven before, and is on its way since now."""
        begun = self._deliveries.of_message(message.message_id)
        pending = [one for one in begun if one.status is Status.PENDING]
        if not message.round or not pending or not self._messages.is_unrouted(message.message_id):
            return False
        self._accept.republish(message, pending)
        return True


def _at_once(failed: Sequence[DeliveryPart]) -> list[list[DeliveryPart]]:
    """As many together as may be redriven at once: all of one recipient, but for a very long text, which goes in its order.
    One empty list where nothing failed.
    """
    found: list[list[DeliveryPart]] = [[]]
    for parts in parts_by_recipient(failed).values():
        for some in (parts[start : start + MOST_REDRIVEN] for start in range(0, len(parts), MOST_REDRIVEN)):
            if found[-1] and len(found[-1]) + len(some) > MOST_REDRIVEN:
                found.append([])
            found[-1] += some
    return found


def _after(cursor: str | None) -> str | None:
    return decode_cursor(cursor, DeadLetterCursor).sort_key if cursor is not None else None


def _next(found: Sequence[DeadLetter], limit: int) -> str | None:
    return encode_cursor(DeadLetterCursor(found[limit - 1].sort_key)) if len(found) > limit else None
