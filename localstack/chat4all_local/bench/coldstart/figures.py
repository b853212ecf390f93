"""The figures of the functions' starts."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most
from chat4all_local.traffic.spread import Spread, spread

AIM: Final = 1.25
API_AIM: Final = 1.0
"""A client waits for the start of `api`."""


class Start(msgspec.Struct, frozen=True):
    """The duration of an import and initialization: by the clock, and in processor time of all threads."""

    wall_s: float
    cpu_s: float


class StartFigures(msgspec.Struct, frozen=True):
    """Medians of a function's starts and of the bare starts after them, and the ratios of the pairs."""

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
    """A function's start, and the bare start right after it."""

    function: Start
    bare: Start

    @property
    def cpu_ratio(self) -> float:
        return self.function.cpu_s / self.bare.cpu_s

    @property
    def wall_ratio(self) -> float:
        return self.function.wall_s / self.bare.wall_s


Pairs = Mapping[str, Sequence[Pair]]
"""The pairs of each function, a pair per round."""


def cold_start_figures(pairs: Pairs) -> ColdStartFigures:
    rounds = min(len(starts) for starts in pairs.values())
    return ColdStartFigures(rounds, {name: _figures(starts) for name, starts in pairs.items()})


def aims(figures: ColdStartFigures) -> tuple[Aim, ...]:
    """Compare processor times. Other work of the machine would distort clock times."""
    return tuple(
        at_most(
            f"cold start of {name}, function / bare",
            start.cpu_ratio.median,
            API_AIM if name == "api" else AIM,
        )
        for name, start in figures.functions.items()
    )


def _figures(pairs: Sequence[Pair]) -> StartFigures:
    return StartFigures(
        wall_s=median(pair.function.wall_s for pair in pairs),
        cpu_s=median(pair.function.cpu_s for pair in pairs),
        bare_wall_s=median(pair.bare.wall_s for pair in pairs),
        bare_cpu_s=median(pair.bare.cpu_s for pair in pairs),
        wall_ratio=spread([pair.wall_ratio for pair in pairs]),
        cpu_ratio=spread([pair.cpu_ratio for pair in pairs]),
    )
