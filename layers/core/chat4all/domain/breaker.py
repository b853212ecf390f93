"""A channel account's circuit breaker: after a run of failures no send is attempted for a while (G5, G1).

::

    CLOSED ── a run of failures, or our account is refused ──> OPEN ── its time is over ──> HALF_OPEN
       ^                                                        ^                              │  one probe
       ├────────────────────── the probe was answered ──────────┼──────────────────────────────┤
       │                                                        └── the probe failed ───────────┘

A run counts failures without an answer between them, for several recipients. Failures for one person only
do not open the circuit for all others. A refusal of one message is an answer.

Times are epoch seconds. Different clocks of two processes make a probe early or late, but never cause two
probes at once: a conditional write decides which process probes. It succeeds only if the state has not
changed since the read.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

OPEN_AFTER_FAILURES: Final = 5
OPEN_AFTER_RECIPIENTS: Final = 3
FIRST_WAIT_S: Final = 5.0
FIRST_WAIT_REFUSED_S: Final = 15.0
"""An operator has to repair the account, for example its token, first."""
LONGEST_WAIT_S: Final = 600.0
"""A queue gives out a record up to 1,000 times: with this wait, a circuit may be open for a week."""
PROBE_LOOK_S: Final = 2.0
"""The time after which the other processes check again whether the provider answered the probe."""


class Circuit(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a circuit breaker.

    `retry_at` is the earliest time of a probe when OPEN, and the deadline of the probe when HALF_OPEN.
    """

    circuit: Circuit = Circuit.CLOSED
    failures: int = 0
    failing: frozenset[str] = frozenset()
    """The recipients of the failed sends of the run."""
    opens: int = 0
    """The number of times that the circuit opened without an answer between them."""
    since: float = 0.0
    retry_at: float = 0.0
    code: str | None = None
    reason: str | None = None
    credentials_refused_at: float = 0.0
    """When the provider last refused the account's credentials, in this opening; 0: it did not."""


def wait_s(breaker: Breaker, now: float) -> float:
    """Return the seconds until a send may be attempted; 0: now, perhaps as the probe."""
    if breaker.circuit is Circuit.CLOSED:
        return 0.0
    left = max(0.0, breaker.retry_at - now)
    return min(left, PROBE_LOOK_S) if breaker.circuit is Circuit.HALF_OPEN else left


def probing(breaker: Breaker, now: float, probe_s: float) -> Breaker:
    """Begin a probe; if the provider does not answer it within `probe_s`, its process died."""
    return msgspec.structs.replace(breaker, circuit=Circuit.HALF_OPEN, retry_at=now + probe_s)


def answered(now: float) -> Breaker:
    """Close the circuit, because the provider answered."""
    return Breaker(since=now)


def failed(breaker: Breaker, recipient: str, code: str, reason: str, now: float) -> Breaker:
    """Count a transient failure. While the circuit is OPEN, sends that began before change nothing."""
    if breaker.circuit is Circuit.OPEN:
        return breaker
    run = msgspec.structs.replace(
        breaker, failures=breaker.failures + 1, failing=breaker.failing | {recipient}
    )
    broken = run.failures >= OPEN_AFTER_FAILURES and len(run.failing) >= OPEN_AFTER_RECIPIENTS
    if breaker.circuit is Circuit.HALF_OPEN or broken:
        return _opened(run, code, reason, now, FIRST_WAIT_S)
    return run


def refused(breaker: Breaker, code: str, reason: str, now: float, *, credentials: bool = False) -> Breaker:
    """Open the circuit, because the provider refuses our account or its `credentials`, so every message."""
    if breaker.circuit is Circuit.OPEN:
        return breaker
    opened = _opened(breaker, code, reason, now, FIRST_WAIT_REFUSED_S)
    return msgspec.structs.replace(opened, credentials_refused_at=now if credentials else 0.0)


def renewed(breaker: Breaker, now: float) -> Breaker:
    """Let a probe go at once, because the account has other credentials than those that were refused."""
    is_over = breaker.circuit is Circuit.OPEN and breaker.credentials_refused_at > 0
    return msgspec.structs.replace(breaker, retry_at=min(breaker.retry_at, now)) if is_over else breaker


def _opened(breaker: Breaker, code: str, reason: str, now: float, first_s: float) -> Breaker:
    wait = min(LONGEST_WAIT_S, first_s * 2.0 ** min(breaker.opens, 16))
    return msgspec.structs.replace(
        breaker,
        circuit=Circuit.OPEN,
        failing=frozenset(),
        opens=breaker.opens + 1,
        since=now if breaker.opens == 0 else breaker.since,
        retry_at=now + wait,
        code=code,
        reason=reason,
        credentials_refused_at=0.0,
    )


def worst(circuits: Iterable[Circuit]) -> Circuit:
    """Return the circuit that lets the least through; CLOSED if there is none."""
    return max(circuits, key=_BY_HARM.index, default=Circuit.CLOSED)


_BY_HARM: Final = (Circuit.CLOSED, Circuit.HALF_OPEN, Circuit.OPEN)


class KnownBreaker(msgspec.Struct, frozen=True):
    """A breaker and the version that was read; 0: the breaker was never written."""

    breaker: Breaker
    version: int
