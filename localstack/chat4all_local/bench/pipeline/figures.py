"""The figures of the rounds of both sides."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_least, at_most
from chat4all_local.bench.pipeline.memory import KIND, Sample, Use, most
from chat4all_local.bench.pipeline.rounds import Round, SideRounds
from chat4all_local.traffic.spread import Spread, paired_ratios, quantile, spread

ACCEPTANCE_ALONE_AIM: Final = 0.85
ACCEPTANCE_AIM: Final = 0.6
ARRIVAL_AIM: Final = 0.8
MEMORY_AIM_MB: Final = 900


class Latency(msgspec.Struct, frozen=True):
    """Quantiles in milliseconds, over the messages of all rounds."""

    p50: float
    p95: float


class SideFigures(msgspec.Struct, frozen=True):
    """Rates of a side, in messages per second.

    `arrived_per_s` counts messages at the provider, or at the end of the bare pipeline.
    `accepted_alone_per_s` is measured with the drain paused, all other figures with the drain alongside.
    """

    accepted_alone_per_s: Spread
    accepted_per_s: Spread
    arrived_per_s: Spread
    answer_ms: Latency
    arrival_ms: Latency


class MemoryFigures(msgspec.Struct, frozen=True):
    """The greatest memory of all processes in MB, and its parts in bytes."""

    kind: str
    greatest_mb: float
    parts: dict[str, Use]


class PipelineFigures(msgspec.Struct, frozen=True):
    """The figures of both sides and their ratios.

    `acceptance_alone` is the ratio with the drain paused, `acceptance_ratio` the ratio with the drain
    alongside.
    `refused` counts requests that a provider refused, `repeated` messages that it received more than once.
    """

    clients: int
    conversations: int
    messages_alone: int
    messages_per_round: int
    rounds: int
    bare: SideFigures
    product: SideFigures
    acceptance_alone: Spread
    acceptance_ratio: Spread
    arrival_ratio: Spread
    refused: int
    repeated: int
    memory: MemoryFigures


def side_figures(side: SideRounds) -> SideFigures:
    rounds = side.alongside
    return SideFigures(
        accepted_alone_per_s=spread([round_.accepted_per_s for round_ in side.alone]),
        accepted_per_s=spread([round_.accepted_per_s for round_ in rounds]),
        arrived_per_s=spread([round_.arrived_per_s for round_ in rounds]),
        answer_ms=_latency([ms for round_ in rounds for ms in round_.answer_ms()]),
        arrival_ms=_latency([ms for round_ in rounds for ms in round_.arrival_ms()]),
    )


def acceptance_ratios(product: Sequence[Round], bare: Sequence[Round]) -> list[float]:
    return paired_ratios(
        [round_.accepted_per_s for round_ in product], [round_.accepted_per_s for round_ in bare]
    )


def arrival_ratios(product: Sequence[Round], bare: Sequence[Round]) -> list[float]:
    return paired_ratios(
        [round_.arrived_per_s for round_ in product], [round_.arrived_per_s for round_ in bare]
    )


def memory_figures(samples: Sequence[Sample]) -> MemoryFigures:
    greatest = most(samples)
    return MemoryFigures(KIND, greatest.memory / 1e6, dict(greatest.uses))


def aims(figures: PipelineFigures) -> tuple[Aim, ...]:
    return (
        at_least(
            "acceptance, drain paused, product / bare",
            figures.acceptance_alone.median,
            ACCEPTANCE_ALONE_AIM,
        ),
        at_least(
            "acceptance, drain alongside, product / bare",
            figures.acceptance_ratio.median,
            ACCEPTANCE_AIM,
        ),
        at_least("POST to provider, product / bare", figures.arrival_ratio.median, ARRIVAL_AIM),
        at_most(
            f"memory of the local cloud under load ({KIND})",
            figures.memory.greatest_mb,
            MEMORY_AIM_MB,
            "MB",
        ),
    )


def _latency(milliseconds: Sequence[float]) -> Latency:
    return Latency(quantile(milliseconds, 0.5), quantile(milliseconds, 0.95))
