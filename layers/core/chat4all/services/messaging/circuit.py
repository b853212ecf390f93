"""The circuit breakers of a channel's accounts: each decides whether the provider is asked at all.

An account has a breaker of its own, because a provider refuses one account and not the others. The state is
kept in memory for `KEEP_S` seconds, so the common path costs one read a second and no write.
Only three events write: a failure, the first answer after a failure, and the begin of a probe.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import Final

import msgspec

from chat4all.domain import breaker as rules
from chat4all.domain.breaker import Breaker, Circuit, KnownBreaker
from chat4all.domain.clock import Clock
from chat4all.domain.errors import Unavailable
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.services.messaging.ports import Breakers

KEEP_S: Final = 1.0
_TRIES: Final = 5


class Attempt(Enum):
    """The way in which an attempt was allowed."""

    FREELY = auto()
    AS_PROBE = auto()


class Wait(msgspec.Struct, frozen=True):
    """The attempt is not allowed yet; ask again after `seconds`."""

    seconds: float


class CircuitChanged(msgspec.Struct, frozen=True):
    """The breaker of a channel account opened or closed; for operators."""

    channel: str
    account: str
    breaker: Breaker


Announce = Callable[[CircuitChanged], None]
"""Notify the operators; never raises."""


class AccountCircuit:
    """The breaker of one channel account as one process sees it; the threads of the process share it."""

    def __init__(
        self,
        channel: str,
        account: str,
        *,
        breakers: Breakers,
        announce: Announce,
        clock: Clock,
        probe_time: timedelta,
    ) -> None:
        """`probe_time` is longer than a function may run: if a probe takes longer, its process has died."""
        self._channel = channel
        self._account = account
        self._breakers = breakers
        self._announce = announce
        self._clock = clock
        self._probe_s = probe_time.total_seconds()
        self._lock = threading.Lock()
        self._known = KnownBreaker(Breaker(), 0)
        self._read_at: float | None = None

    def wait_s(self) -> float:
        """Return the seconds to wait before an attempt; 0 if a delivery may be claimed."""
        with self._lock:
            return rules.wait_s(self._state().breaker, self._now())

    def is_closed(self) -> bool:
        """Return whether every attempt is allowed."""
        with self._lock:
            return self._state().breaker.circuit is Circuit.CLOSED

    def begin(self) -> Attempt | Wait:
        """Ask for an attempt, right before the request to the provider; only one process gets the probe."""
        with self._lock:
            known, now = self._state(), self._now()
            if known.breaker.circuit is Circuit.CLOSED:
                return Attempt.FREELY
            if rules.wait_s(known.breaker, now) <= 0 and self._saved(
                rules.probing(known.breaker, now, self._probe_s)
            ):
                return Attempt.AS_PROBE
            self._read()
            return Wait(max(0.1, rules.wait_s(self._known.breaker, now)))

    def report(self, attempt: Attempt, recipient: str, answer: Sent | SendError) -> None:
        """Report the answer to an attempt.

        A state that cannot be saved does no harm: the next answer repeats it.
        """
        with self._lock, suppress(Unavailable):
            if isinstance(answer, SendError) and answer.outcome is Outcome.CHANNEL_PAUSED:
                self._change(lambda state: self._refused(state, answer))
            elif isinstance(answer, SendError) and answer.outcome is Outcome.RETRY:
                self._change(lambda state: self._failed(attempt, state, recipient, answer))
            elif attempt is Attempt.AS_PROBE:
                self._change(lambda _state: rules.answered(self._now()))
            elif self._known.breaker.failures:
                self._change(self._answered_freely)

    def _refused(self, state: Breaker, error: SendError) -> Breaker:
        return rules.refused(
            state, error.code, error.reason, self._now(), credentials=error.refuses_credentials
        )

    def _failed(self, attempt: Attempt, state: Breaker, recipient: str, error: SendError) -> Breaker:
        if state.circuit is Circuit.HALF_OPEN and attempt is not Attempt.AS_PROBE:
            return state
        return rules.failed(state, recipient, error.code, error.reason, self._now())

    def _answered_freely(self, state: Breaker) -> Breaker:
        """End a run of failures.

        The answer to an attempt that began before the circuit opened does not close it.
        """
        closed = state.circuit is Circuit.CLOSED and state.failures > 0
        return rules.answered(self._now()) if closed else state

    def _change(self, step: Callable[[Breaker], Breaker]) -> None:
        for _ in range(_TRIES):
            before = self._known.breaker
            after = step(before)
            if after == before:
                return
            if self._saved(after):
                self._announce_change(before, after)
                return
            self._read()

    def _announce_change(self, before: Breaker, after: Breaker) -> None:
        opened = before.circuit is Circuit.CLOSED and after.circuit is Circuit.OPEN
        closed = before.circuit is not Circuit.CLOSED and after.circuit is Circuit.CLOSED
        if opened or closed:
            self._announce(CircuitChanged(self._channel, self._account, after))

    def _saved(self, state: Breaker) -> bool:
        saved = self._breakers.save(self._channel, self._account, state, self._known.version)
        if saved:
            self._known = KnownBreaker(state, self._known.version + 1)
            self._read_at = self._now()
        return saved

    def _state(self) -> KnownBreaker:
        if self._read_at is None or abs(self._now() - self._read_at) >= KEEP_S:
            self._read()
        return self._known

    def _read(self) -> None:
        self._known = self._breakers.get(self._channel, self._account)
        self._read_at = self._now()

    def _now(self) -> float:
        return self._clock().timestamp()


class ChannelCircuits:
    """The breakers of one channel's accounts as one process sees them."""

    def __init__(
        self, channel: str, breakers: Breakers, announce: Announce, clock: Clock, probe_time: timedelta
    ) -> None:
        self._circuit = partial(
            AccountCircuit,
            channel,
            breakers=breakers,
            announce=announce,
            clock=clock,
            probe_time=probe_time,
        )
        self._circuits: dict[str, AccountCircuit] = {}
        self._lock = threading.Lock()

    def of(self, account: str) -> AccountCircuit:
        with self._lock:
            if account not in self._circuits:
                self._circuits[account] = self._circuit(account)
            return self._circuits[account]
