"""What the starts of the functions say."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most
from chat4all_local.traffic.spread import Spread, spread

AIM: Final = 1.25


class Start(msgspec.Struct, frozen=True):
    """How long one import-and-init took: by the clock, and in processor time of all threads."""

    wall_s: float
    cpu_s: float


class StartFigures(msgspec.Struct, frozen=True):
    """Medians, of the function's starts and of the bare ones right after them, and the pairs' ratios."""

    wall_s: float
    cpu_s: float
    bare_wall_s: float
    bare_cpu_s: float
    wall_ratio: Spread
    cpu_ratio: Spread


class ColdStartFigures(msgspec.Struct, frozen=True):
    rounds: int
    functions: dict[str, StartFigures]


class Pair(msgspec.Struct, frozen=True):
    """A function's start and the bare one right after it."""

    function: Start
    bare: Start

    @property
    def cpu_ratio(self) -> float:
        return self.function.cpu_s / self.bare.cpu_s

    @property
    def wall_ratio(self) -> float:
        return self.function.wall_s / self.bare.wall_s


Pairs = Mapping[str, Sequence[Pair]]
"""By function, one for each round."""


def cold_start_figures(pairs: Pairs) -> ColdStartFigures:
    rounds = min(len(of_one) for of_one in pairs.values())
    return ColdStartFigures(rounds, {name: _figures(of_one) for name, of_one in pairs.items()})


def aims(figures: ColdStartFigures) -> tuple[Aim, ...]:
    """By the processor's time: the clock also counts what else the machine does."""
    return tuple(
        at_most(f"cold start of {name}, function / bare", one.cpu_ratio.median, AIM)
        for name, one in figures.functions.items()
    )


def _figures(pairs: Sequence[Pair]) -> StartFigures:
    return StartFigures(
        wall_s=median(one.function.wall_s for one in pairs),
        cpu_s=median(one.function.cpu_s for one in pairs),
        bare_wall_s=median(one.bare.wall_s for one in pairs),
        bare_cpu_s=median(one.bare.cpu_s for one in pairs),
        wall_ratio=spread([one.wall_ratio for one in pairs]),
        cpu_ratio=spread([one.cpu_ratio for one in pairs]),
    )
