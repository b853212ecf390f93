"""The figures of an open load. Latencies are in milliseconds, `drained_s` and `recovered_s` in seconds."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most
from chat4all_local.traffic.delivered import Verdict
from chat4all_local.traffic.open_load import Answer, Outcome
from chat4all_local.traffic.spread import quantile

POLITE_IN_A_ROW: Final = 12
FAST_MS: Final = 500.0
_WITHIN: Final = 2.0
_QUICK_RPS: Final = 80.0


class Step(msgspec.Struct, frozen=True):
    """A step of the load. `p50`, `p95` and `p99` are those of the answers as documented, 0 without any.

    `achieved` counts those answers by second of the step. `errors` are failures: timeouts, broken
    connections and undocumented answers. `refused` are 429 and 503 with Retry-After. `drained_s` is the time
    until every accepted message was delivered, every queue empty and every webhook accepted, or None if that
    did not happen within the time limit; messages that were undelivered then are `lost`.
    """

    rps: float
    achieved: float
    p50: float
    p95: float
    p99: float
    errors: int
    refused: int
    lost: int
    out_of_order: int
    drained_s: float | None


class LoadFigures(msgspec.Struct, frozen=True):
    """The figures of the benchmark.

    `recovered_s` runs from the end of the load until single messages were fast, and contains the last step's
    `drained_s`: nobody looks earlier. It is None if the cloud did not recover in time.
    """

    steps: tuple[Step, ...]
    recovered_s: float | None


class Polite(msgspec.Struct, frozen=True):
    """A single message, posted `after_s` seconds after the last delivery, and at its provider `ms` later.

    `ms` is infinite if the message was not accepted or did not arrive.
    """

    after_s: float
    ms: float


def step(
    rps: float, seconds: float, answers: Sequence[Answer], found: Verdict, drained_s: float | None
) -> Step:
    """Summarize a step. A repeated message counts as out of order: it arrived again after its turn."""
    times = [1_000 * answer.seconds for answer in answers if answer.outcome is Outcome.ANSWERED]
    p50, p95, p99 = (quantile(times, share) if times else 0.0 for share in (0.5, 0.95, 0.99))
    return Step(
        rps=rps,
        achieved=len(times) / seconds,
        p50=p50,
        p95=p95,
        p99=p99,
        errors=sum(answer.outcome is Outcome.FAILED for answer in answers),
        refused=sum(answer.outcome is Outcome.REFUSED for answer in answers),
        lost=found.lost,
        out_of_order=found.out_of_order + found.repeated,
        drained_s=drained_s,
    )


def recovered_s(polite: Sequence[Polite], baseline: Sequence[Polite]) -> float | None:
    """Return when single messages were fast again, by `after_s`: the first of twelve in a row that are.

    A fast message takes at most twice the p95 of the baseline, which the idle cloud showed before the load.
    """
    limit = _WITHIN * quantile([message.ms for message in baseline], 0.95)
    rows = (polite[place : place + POLITE_IN_A_ROW] for place in range(len(polite) - POLITE_IN_A_ROW + 1))
    fast = (row for row in rows if all(message.ms <= limit and isfinite(message.ms) for message in row))
    return next((row[0].after_s for row in fast), None)


def aims(figures: LoadFigures) -> tuple[Aim, ...]:
    """Compare each step with the aims: no errors, nothing lost or out of order, and p95 up to 80/s."""
    found: list[Aim] = []
    for figure in figures.steps:
        at = f"at {figure.rps:g}/s"
        found += [
            at_most(f"errors {at}", figure.errors, 0),
            at_most(f"lost {at}", figure.lost, 0),
            at_most(f"out of order {at}", figure.out_of_order, 0),
        ]
        if figure.rps <= _QUICK_RPS:
            p95 = figure.p95 if figure.achieved else float("inf")
            found.append(at_most(f"p95 {at}", p95, FAST_MS, "ms"))
    return tuple(found)
