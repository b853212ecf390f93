"""Redrive dead letters: try failed deliveries and records again on request.

A redrive makes the failed parts of a delivery PENDING again, in a transaction with their message, in a new
round. Then it publishes the message to `chat-events` once more. If the process dies in between, a repeated
request publishes the message, before the messages whose redrive follows; without a repeated request, `relay`
publishes it.

A status of an earlier round is ignored. (A receipt says that a person has the message; it counts in any
round.)
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.dead_letters import MOST_REDRIVEN, DeadLetter, DeadLetterKind
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Chat4AllError, DeadLetterNotFound, MessageNotFound, NotFailed, Unavailable
from chat4all.domain.message import Message
from chat4all.domain.pages import Page, decode_cursor, encode_cursor
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.status import Status
from chat4all.services.messaging.accept_message import AcceptMessage
from chat4all.services.messaging.ports import Deliveries, Events, Messages
from chat4all.services.recovery.ports import DeadLetters

PUBLISH_GRACE: Final = timedelta(seconds=30)
"""How long the redrive of a message may stay unpublished before `relay` publishes it."""
_TRIES: Final = 3


class DeadLetterCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last dead letter of a page. DynamoDB refuses an empty key, and a sort key over 1,024 bytes."""

    sort_key: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class RefusedRedrive(msgspec.Struct, frozen=True):
    """A dead letter that was not redriven, and the reason."""

    dead_letter_id: str
    code: str
    message: str


class Redriven(msgspec.Struct, frozen=True):
    """The result of a request; `next_cursor` is set if there are more dead letters."""

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
        """List the dead letters; those of the same conversation are in the order of acceptance.

        Raises:
            Invalid: the cursor is not valid.
        """
        found = self._dead_letters.listing(channel, _after(cursor), limit + 1)
        return Page(tuple(found[:limit]), _next(found, limit))

    def message(self, message_id: str) -> Message:
        """Redrive all failed deliveries of a message.

        Raises:
            NotFound: no such message.
            Conflict: no delivery of the message failed.
            Forbidden, NotPossible: the message can no longer be delivered.
            Unavailable: nothing was redriven; the same request may be repeated.
        """
        for _ in range(_TRIES):
            failed = [
                part
                for part in self._deliveries.of_message(message_id)
                if part.status is Status.FAILED and not part.fallback
            ]
            if self._all_again(message_id, failed):
                return self._known(message_id)
        raise Unavailable("The message is changing too quickly; try again.", retry_after=1)

    def one(self, dead_letter_id: str) -> Redriven:
        """Redrive one dead letter. Raises NotFound, and the errors of `message`."""
        found = self._dead_letters.get(dead_letter_id)
        if found is None:
            raise DeadLetterNotFound("There is no such dead letter.")
        self._redrive(found)
        return Redriven(1, ())

    def many(self, channel: str | None, cursor: str | None, limit: int) -> Redriven:
        """Redrive at most `limit` dead letters, in order: of a channel, or of all channels.

        A refused dead letter does not hold up the others.
        """
        found = self._dead_letters.listing(channel, _after(cursor), limit + 1)
        refused = [refusal for letter in found[:limit] if (refusal := self._try(letter)) is not None]
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
            parts = all_.get((named.recipient_id, named.channel, named.step), [])
            failed = [part for part in parts if part.status is Status.FAILED and not part.fallback]
            if not failed and letter.sort_key and self._known(named.message_id).round:
                # Two parts of the same text may have failed; the redrive of the first included both.
                return
            if self._all_again(named.message_id, failed):
                return
        raise Unavailable("The message is changing too quickly; try again.", retry_after=1)

    def _known(self, message_id: str) -> Message:
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        return message

    def _all_again(self, message_id: str, failed: Sequence[DeliveryPart]) -> bool:
        """Redrive the parts in batches, each in a new round; return False if the message has changed."""
        return all(self._again(self._known(message_id), batch) for batch in _batches(failed))

    def _again(self, message: Message, failed: Sequence[DeliveryPart]) -> bool:
        """Redrive a batch of parts in a new round; return False if the message has changed meanwhile."""
        if not message.was_accepted:
            raise NotFailed("The message was never accepted; post it again with a new message_id.")
        if not failed and message.status is not Status.FAILED:
            if self._publish(message):
                return True
            raise NotFailed("No delivery of this message has failed.")
        # A message that can no longer be delivered is refused here, before anything is changed.
        event = self._accept.event_again(message, failed)
        now = self._clock()
        round_ = self._messages.redrive(message, failed, iso(now), iso(now + PUBLISH_GRACE))
        if round_ is None:
            return False
        # If this fails, the message is redriven all the same: a repeated request (`_publish`) or `relay`
        # publishes it.
        self._events.message_accepted(msgspec.structs.replace(event, round=round_))
        return True

    def _publish(self, message: Message) -> bool:
        """Publish the redrive of a message once more; return False if there is no redrive in progress."""
        begun = self._deliveries.of_message(message.message_id)
        pending = [part for part in begun if part.status is Status.PENDING]
        if not message.round or not pending:
            return False
        self._accept.republish(message, pending)
        return True


def _batches(failed: Sequence[DeliveryPart]) -> list[list[DeliveryPart]]:
    """Split the parts into batches that can be redriven at once; return an empty batch if no part failed.

    All parts of a recipient are in the same batch, except for a very long text: its batches follow its order.
    """
    batches: list[list[DeliveryPart]] = [[]]
    for parts in parts_by_recipient(failed).values():
        for chunk in (parts[start : start + MOST_REDRIVEN] for start in range(0, len(parts), MOST_REDRIVEN)):
            if batches[-1] and len(batches[-1]) + len(chunk) > MOST_REDRIVEN:
                batches.append([])
            batches[-1] += chunk
    return batches


def _after(cursor: str | None) -> str | None:
    return decode_cursor(cursor, DeadLetterCursor).sort_key if cursor is not None else None


def _next(found: Sequence[DeadLetter], limit: int) -> str | None:
    return encode_cursor(DeadLetterCursor(found[limit - 1].sort_key)) if len(found) > limit else None
