"""Schedule a message, cancel it, and accept it at its time.

::

    POST ── the message is checked, and stored as SCHEDULED under its id
      │
    relay, every minute ── the templates are looked at again, and all is checked as for every message
      │
    submit ── chat-events
      │
    add ── the accepted message replaces the SCHEDULED message, in one conditional write

The accepted message and the scheduled message are the same row, so that each of accepting and cancelling
excludes the other. The case that breaks two rows: `relay` dies after it accepted the message and before it
removed the scheduled row, and the client then cancels a message that goes out.

The process dies after `submit`: `router` replaces the row, as it stores a message whose POST died.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, TypeVar

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import (
    Chat4AllError,
    Conflict,
    Detail,
    Invalid,
    MessageNotFound,
    NotFound,
    NotScheduled,
)
from chat4all.domain.message import Message
from chat4all.domain.scheduling import check_send_at
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.accept_message import (
    REFUSALS,
    Accepted,
    AcceptMessage,
    AsItIsNow,
    NewMessage,
    fingerprint_of,
)
from chat4all.services.messaging.ports import Messages

T = TypeVar("T")
R = TypeVar("R")

SideBySide = Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]
"""A function as `map`, which may call the function for several items at once."""
_REFUSED: Final = (*REFUSALS, NotFound, Invalid)


class ScheduleMessage:
    def __init__(self, messages: Messages, accept: AcceptMessage, clock: Clock) -> None:
        self._messages = messages
        self._accept = accept
        self._clock = clock

    def __call__(self, new: NewMessage) -> Accepted:
        """Check `new` as if it were accepted now, and store it until its `send_at`.

        The same message again is the same message, before and after its time.

        Raises:
            Invalid: `send_at` is past, or over 365 days ahead.
            NotFound, Forbidden, Conflict, NotPossible, Unavailable: as AcceptMessage.
        """
        earlier = self._messages.get(new.message_id)
        if earlier is not None:
            return _replay(earlier, new)
        check_send_at(new.send_at or "", self._clock())
        message = self._accept.check(new)
        stored = self._messages.schedule(message)
        return Accepted(message, replayed=False) if stored is None else _replay(stored, new)

    def cancel(self, message_id: str) -> Message:
        """Cancel a scheduled message; a cancelled message stays as it is.

        Raises:
            NotFound: no such message.
            Conflict: the message was accepted already, or it was refused at its time.
        """
        self._messages.end_scheduled(message_id, Status.CANCELLED, iso(self._clock()))
        message = self._messages.get(message_id)
        if message is None:
            raise MessageNotFound("There is no such message.")
        if message.status is not Status.CANCELLED:
            issue = "was accepted already" if message.was_accepted else "was refused at its time"
            raise NotScheduled("The message is not scheduled.", Detail("message_id", issue))
        return message


def _replay(stored: Message, new: NewMessage) -> Accepted:
    if stored.fingerprint != fingerprint_of(new):
        raise Conflict(
            "This message_id belongs to another message; use a new id.",
            Detail("message_id", "was used with another body"),
        )
    return Accepted(stored, replayed=True)


class SendScheduled:
    """A job: accept the messages whose time has come, those of a conversation in the order of time and id.

    A message that is refused now becomes FAILED with the reason. If AWS does not answer, the later messages
    of the conversation wait with it for the next run, and the other conversations go on.
    """

    def __init__(
        self,
        messages: Messages,
        accept: AcceptMessage,
        as_it_is_now: AsItIsNow,
        side_by_side: SideBySide[Sequence[Message], list[str | Exception]] = map,
    ) -> None:
        """`as_it_is_now` looks at the templates of a message again: they may have been paused or changed."""
        self._messages = messages
        self._accept = accept
        self._as_it_is_now = as_it_is_now
        self._side_by_side = side_by_side

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._messages.scheduled(iso(now), BATCH)
        in_order = sorted(due, key=lambda message: message.conversation_id)
        conversations = [
            list(group) for _, group in groupby(in_order, lambda message: message.conversation_id)
        ]
        handled = self._side_by_side(lambda group: self._in_order(group, iso(now)), conversations)
        outcomes = [outcome for group in handled for outcome in group]
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if errors:
            raise errors[0]
        return Counter(outcome for outcome in outcomes if isinstance(outcome, str))

    def _in_order(self, messages: Sequence[Message], now: str) -> list[str | Exception]:
        """Accept the messages of a conversation; return their metrics, and the error that stopped them."""
        outcomes: list[str | Exception] = []
        for message in messages:
            try:
                outcomes.append(self._send(message, now))
            except Exception as error:  # noqa: BLE001 - raised after the other conversations
                return [*outcomes, error]
        return outcomes

    def _send(self, message: Message, now: str) -> str:
        try:
            self._accept.due(message, self._as_it_is_now)
        except _REFUSED as refused:
            return self._refuse(message, refused, now)
        return "ScheduledAccepted"

    def _refuse(self, message: Message, refused: Chat4AllError, now: str) -> str:
        self._messages.end_scheduled(message.message_id, Status.FAILED, now, refused.code, refused.message)
        return "ScheduledRefused"
