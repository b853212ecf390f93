"""The table and plot of the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Group, RenderableType
from rich.table import Table

from chat4all_local.bench.pipeline.figures import (
    ACCEPTANCE_AIM,
    ACCEPTANCE_ALONE_AIM,
    ARRIVAL_AIM,
    MEMORY_AIM_MB,
    MemoryFigures,
    PipelineFigures,
)
from chat4all_local.bench.pipeline.memory import Sample
from chat4all_local.bench.pipeline.rounds import SideRounds
from chat4all_local.bench.plots import BARE_COLOUR, PRODUCT_COLOUR, aim_line
from chat4all_local.console.tables import plain_table
from chat4all_local.traffic.spread import Spread

_ROOM_FOR_LEGEND: Final = 0.4
"""The height above the bars, as a share of the greatest bar."""


@dataclass(frozen=True)
class Course:
    """All measurements, in the order in which they were made."""

    bare: SideRounds
    product: SideRounds
    samples: Sequence[Sample]


def table(figures: PipelineFigures) -> RenderableType:
    return Group(_rates(figures), "", _memory(figures.memory))


def _rates(figures: PipelineFigures) -> Table:
    bare, product = figures.bare, figures.product
    table = plain_table("", numbers=("BARE", "PRODUCT", "RATIO", "LOWEST", "HIGHEST"))
    for name, theirs, ours, ratio in (
        (
            "accepted /s, drain paused",
            bare.accepted_alone_per_s,
            product.accepted_alone_per_s,
            figures.acceptance_alone,
        ),
        (
            "accepted /s, drain alongside",
            bare.accepted_per_s,
            product.accepted_per_s,
            figures.acceptance_ratio,
        ),
        ("at provider /s", bare.arrived_per_s, product.arrived_per_s, figures.arrival_ratio),
    ):
        table.add_row(name, *_rate(theirs, ours, ratio))
    for name, theirs_ms, ours_ms in (
        ("answer p50 ms", bare.answer_ms.p50, product.answer_ms.p50),
        ("answer p95 ms", bare.answer_ms.p95, product.answer_ms.p95),
        ("POST to provider p50 ms", bare.arrival_ms.p50, product.arrival_ms.p50),
        ("POST to provider p95 ms", bare.arrival_ms.p95, product.arrival_ms.p95),
    ):
        table.add_row(name, f"{theirs_ms:.0f}", f"{ours_ms:.0f}")
    table.add_row("refused, repeated", "", f"{figures.refused}, {figures.repeated}")
    return table


def _rate(bare: Spread, product: Spread, ratio: Spread) -> tuple[str, ...]:
    ratios = (f"{value:.2f}" for value in (ratio.median, ratio.low, ratio.high))
    return (f"{bare.median:.1f}", f"{product.median:.1f}", *ratios)


def _memory(memory: MemoryFigures) -> Table:
    table = plain_table("PEAK MEMORY", numbers=("PROCESSES", f"{memory.kind} MB"))
    for name, use in sorted(memory.parts.items(), key=lambda part: -part[1].memory):
        table.add_row(name, str(use.processes), f"{use.memory / 1e6:.0f}")
    processes = sum(use.processes for use in memory.parts.values())
    table.add_row("total", str(processes), f"{memory.greatest_mb:.0f}", style="bold")
    return table


def draw(figure: Figure, course: Course) -> None:
    axes = figure.subplot_mosaic(
        [
            ["paused", "paused", "alongside", "alongside", "arrived", "arrived"],
            ["latency", "latency", "latency", "memory", "memory", "memory"],
        ]
    )
    axes["alongside"].sharey(axes["paused"])
    sides = (course.bare, course.product)
    _draw_rates(
        axes["paused"],
        "accepted per second, drain paused",
        ACCEPTANCE_ALONE_AIM,
        [[round_.accepted_per_s for round_ in side.alone] for side in sides],
    )
    _draw_rates(
        axes["alongside"],
        "accepted per second, drain alongside",
        ACCEPTANCE_AIM,
        [[round_.accepted_per_s for round_ in side.alongside] for side in sides],
    )
    _draw_rates(
        axes["arrived"],
        "at the provider per second",
        ARRIVAL_AIM,
        [[round_.arrived_per_s for round_ in side.alongside] for side in sides],
    )
    _draw_latencies(axes["latency"], course)
    _draw_memory(axes["memory"], course.samples)


def _draw_rates(axes: Axes, title: str, aim: float, rates: Sequence[Sequence[float]]) -> None:
    """Draw the bare and product rates of each round as pairs of bars, with the aim for the product."""
    bare, product = rates
    places = range(1, len(bare) + 1)
    axes.bar([place - 0.2 for place in places], bare, 0.4, color=BARE_COLOUR, label="bare")
    axes.bar([place + 0.2 for place in places], product, 0.4, color=PRODUCT_COLOUR, label="product")
    wanted = [rate * aim for rate in bare]
    axes.hlines(
        wanted, list(places), [p + 0.4 for p in places], colors="black", label=f"aim: {aim:g} of bare"
    )
    axes.set(title=title, xlabel="round", xticks=list(places))
    axes.margins(y=_ROOM_FOR_LEGEND)
    axes.legend(fontsize=8, loc="upper right")


def _draw_latencies(axes: Axes, course: Course) -> None:
    """Draw the share of messages answered, and arrived, within a given time, with the drain alongside."""
    for side, colour, name in (
        (course.bare.alongside, BARE_COLOUR, "bare"),
        (course.product.alongside, PRODUCT_COLOUR, "product"),
    ):
        answers = list(chain.from_iterable(round_.answer_ms() for round_ in side))
        arrivals = list(chain.from_iterable(round_.arrival_ms() for round_ in side))
        axes.ecdf(answers, color=colour, linestyle="--", label=f"{name}, answer")
        axes.ecdf(arrivals, color=colour, label=f"{name}, at the provider")
    axes.set(
        title="time since the POST, drain alongside", xlabel="ms", ylabel="share of messages", xscale="log"
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")


def _draw_memory(axes: Axes, samples: Sequence[Sample]) -> None:
    """Draw the memory of the parts as a stack, with the greatest part at the bottom."""
    names = sorted({name for sample in samples for name in sample.uses}, key=lambda n: -_greatest(samples, n))
    times = [sample.at_s for sample in samples]
    layers = [[_megabytes(sample, name) for sample in samples] for name in names]
    axes.stackplot(
        times, *layers, labels=names, colors=[colormaps["tab20"](place) for place in range(len(names))]
    )
    aim_line(axes, MEMORY_AIM_MB, f"aim: {MEMORY_AIM_MB} MB")
    axes.set(title="memory, first without receipts, then with", xlabel="s", ylabel="MB")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True)


def _greatest(samples: Sequence[Sample], name: str) -> float:
    return max(_megabytes(sample, name) for sample in samples)


def _megabytes(sample: Sample, name: str) -> float:
    use = sample.uses.get(name)
    return use.memory / 1e6 if use else 0.0
