"""A channel's circuit breaker: after a run of failures nothing is attempted for a while (G5, G1).

::

    CLOSED ── a run of failures, or our account is refused ──> OPEN ── its time is over ──> HALF_OPEN
       ^                                                        ^                              │  one probe
       ├────────────────────── the probe was answered ──────────┼──────────────────────────────┤
       │                                                        └── the probe failed ───────────┘

A run counts failures without an answer between them, of several recipients: what fails for one person only
is that person's trouble, and closes the channel to nobody else. A refusal of one message is an answer.

Times are epoch seconds. Clocks that differ between processes make a probe come early or late, never two at once:
who probes is decided by a write on condition that the state is the one that was read.
"""

from enum import StrEnum
from typing import Final

import msgspec

OPEN_AFTER_FAILURES: Final = 5
OPEN_AFTER_RECIPIENTS: Final = 3
FIRST_WAIT_S: Final = 5.0
FIRST_WAIT_REFUSED_S: Final = 15.0
"""Somebody has to repair a token first."""
LONGEST_WAIT_S: Final = 600.0
"""A record may be received 1,000 times: at this pace, its channel may be open for a week."""
PROBE_LOOK_S: Final = 2.0
"""How soon the others look again whether the probe has been answered."""


class Circuit(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """`retry_at`: when OPEN, from when a probe may be made; when HALF_OPEN, until when the probe has time."""

    circuit: Circuit = Circuit.CLOSED
    failures: int = 0
    failing: frozenset[str] = frozenset()
    """The recipients of the run."""
    opens: int = 0
    """How many times it opened without an answer between."""
    since: float = 0.0
    retry_at: float = 0.0
    code: str | None = None
    reason: str | None = None


def wait_s(breaker: Breaker, now: float) -> float:
    """Seconds until something may be attempted; 0: now, be it as the probe."""
    if breaker.circuit is Circuit.CLOSED:
        return 0.0
    left = max(0.0, breaker.retry_at - now)
    return min(left, PROBE_LOOK_S) if breaker.circuit is Circuit.HALF_OPEN else left


def probing(breaker: Breaker, now: float, probe_s: float) -> Breaker:
    """One probe is under way; unless it is answered within `probe_s`, its process died."""
    return msgspec.structs.replace(breaker, circuit=Circuit.HALF_OPEN, retry_at=now + probe_s)


def answered(now: float) -> Breaker:
    """The provider answered: all is well."""
    return Breaker(since=now)


def failed(breaker: Breaker, recipient: str, code: str, reason: str, now: float) -> Breaker:
    """One more transient failure. While it is open, what had been begun before changes nothing."""
    if breaker.circuit is Circuit.OPEN:
        return breaker
    run = msgspec.structs.replace(
        breaker, failures=breaker.failures + 1, failing=breaker.failing | {recipient}
    )
    broken = run.failures >= OPEN_AFTER_FAILURES and len(run.failing) >= OPEN_AFTER_RECIPIENTS
    if breaker.circuit is Circuit.HALF_OPEN or broken:
        return _opened(run, code, reason, now, FIRST_WAIT_S)
    return run


def refused(breaker: Breaker, code: str, reason: str, now: float) -> Breaker:
    """Our account is refused: every message would be."""
    if breaker.circuit is Circuit.OPEN:
        return breaker
    return _opened(breaker, code, reason, now, FIRST_WAIT_REFUSED_S)


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
    )


class KnownBreaker(msgspec.Struct, frozen=True):
    """A breaker and the version it had; 0: it was never written."""

    breaker: Breaker
    version: int
