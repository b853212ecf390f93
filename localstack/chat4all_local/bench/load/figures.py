"""The figures of an open load. Latencies are in milliseconds, `drained_s` and `recovered_s` in seconds."""

from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most
from chat4all_local.traffic.delivered import Verdict
from chat4all_local.traffic.open_load import Answer, Outcome
from chat4all_local.traffic.spread import quantile

POLITE_IN_A_ROW: Final = 3
FAST_MS: Final = 500.0
_WITHIN: Final = 2.0
_SETTLED: Final = 12
_QUICK_RPS: Final = 80.0


class Step(msgspec.Struct, frozen=True):
    """A step of the load. `p50`, `p95` and `p99` are those of the answers as documented, 0 without any.

    `achieved` counts those answers by second of the step. `errors` are failures: timeouts, broken
    connections and undocumented answers. `refused` are 429 and 503 with Retry-After. `drained_s` is None if
    accepted messages were still undelivered at the time limit; those messages are `lost`.
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
    """The figures of the benchmark. `recovered_s` is None if the cloud did not recover in time."""

    steps: tuple[Step, ...]
    recovered_s: float | None


class Polite(msgspec.Struct, frozen=True):
    """A single request after the load: `after_s` its end is that long after the last step."""

    after_s: float
    ms: float
    is_answered: bool


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


def has_settled(polite: Sequence[Polite]) -> bool:
    """Return whether the last requests, enough for a baseline, were all answered in at most 500 ms."""
    last = polite[-_SETTLED:]
    return len(last) == _SETTLED and all(request.is_answered and request.ms <= FAST_MS for request in last)


def recovered_s(polite: Sequence[Polite]) -> float | None:
    """Return when single requests were fast again: the first of three in a row that are.

    A fast request takes at most 500 ms, and at most twice the baseline. No request may warm the cloud up
    before the load, so the baseline comes afterwards: the least median of three requests in a row.
    """
    rows = [polite[place : place + POLITE_IN_A_ROW] for place in range(len(polite) - POLITE_IN_A_ROW + 1)]
    answered = [row for row in rows if all(request.is_answered for request in row)]
    baselines = [median(request.ms for request in row) for row in answered]
    limit = min(FAST_MS, _WITHIN * min(baselines, default=0.0))
    fast = (row for row in answered if all(request.ms <= limit for request in row))
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
