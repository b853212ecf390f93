"""Give a signal to the provider: a person's message is read, our side types.

A signal has no record. It takes a token of the account's limits, like every request to the provider, and none
of the person's: it must delay no message. It is given only while the account's circuit is closed, and its
answer neither opens nor closes the circuit: a missing right to mark as read says nothing about messages. A
process that dies after the request repeats it, which shows the person nothing new. A signal that is late is
dropped.
"""

import functools
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.acts import MarkingRead, Signal, SignalKind, Typing
from chat4all.domain.clock import Clock, parse_iso
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.circuit import ChannelCircuits
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Limiter, Secrets
from chat4all.services.messaging.present_credentials import with_present

LATE: Final = {SignalKind.TYPING: timedelta(seconds=10), SignalKind.READ: timedelta(minutes=15)}
TOO_LATE: Final = "LATE"
_AGAIN_S: Final = 5.0


class Shown(msgspec.Struct, frozen=True):
    """The provider took the signal."""


class Dropped(msgspec.Struct, frozen=True):
    """The signal came to nothing: it was late, or the provider refused it with this code."""

    code: str


class AskAgain(msgspec.Struct, frozen=True):
    """The signal waits for `wait_s` seconds."""

    wait_s: float


class DeliverSignal:
    def __init__(
        self,
        connector: Connector,
        limiter: Limiter,
        circuits: ChannelCircuits,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        self._connector = connector
        self._limiter = limiter
        self._circuits = circuits
        self._secrets = secrets
        self._clock = clock

    def __call__(self, requested: DeliveryRequested, signal: Signal) -> Shown | Dropped | AskAgain:
        """Give the signal to the provider, unless it is late; a typing that has to wait is dropped."""
        if self._is_late(requested, signal, 0.0):
            return Dropped(TOO_LATE)
        to = requested.recipient
        if not self._circuits.of(to.account).is_closed():
            return self._later(requested, signal, _AGAIN_S)
        secret = self._secrets.of(to.channel, to.account)
        if isinstance(secret, SendError):
            return self._refused(requested, signal, secret)
        wait_s = self._limiter.account_wait_s(to.channel, to.account, self._clock().timestamp())
        if wait_s > 0:
            return self._later(requested, signal, wait_s)
        ask = functools.partial(self._connector.act, _act(requested, signal))
        first = ask(secret)
        refusal = first if isinstance(first, SendError) else None
        place = to.channel, to.account
        answer = with_present(self._secrets, *place, first, secret=secret, refusal=refusal, ask=ask)
        return self._refused(requested, signal, answer) if isinstance(answer, SendError) else Shown()

    def _refused(self, requested: DeliveryRequested, signal: Signal, error: SendError) -> Dropped | AskAgain:
        match error.outcome:
            case Outcome.THROTTLED:
                return self._later(requested, signal, error.retry_after_s or _AGAIN_S)
            case Outcome.RETRY | Outcome.CHANNEL_PAUSED:
                return self._later(requested, signal, _AGAIN_S)
            case _:
                return Dropped(error.code)

    def _later(self, requested: DeliveryRequested, signal: Signal, wait_s: float) -> Dropped | AskAgain:
        is_late = signal.kind is SignalKind.TYPING or self._is_late(requested, signal, wait_s)
        return Dropped(TOO_LATE) if is_late else AskAgain(wait_s)

    def _is_late(self, requested: DeliveryRequested, signal: Signal, wait_s: float) -> bool:
        shown_at = self._clock() + timedelta(seconds=wait_s)
        return shown_at - parse_iso(requested.accepted_at) > LATE[signal.kind]


def _act(requested: DeliveryRequested, signal: Signal) -> MarkingRead | Typing:
    to = requested.recipient
    if signal.kind is SignalKind.READ:
        return MarkingRead(to.account, to.address, signal.provider_message_id or "")
    return Typing(to.account, to.address, signal.is_on, to.thread, signal.provider_message_id)
