"""The table and plot of the overhead."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.overhead.figures import (
    OverheadFigures,
    ProbeResult,
    SideFigures,
    cpu_ratios,
    milliseconds,
)
from chat4all_local.bench.plots import BARE_COLOUR, PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table


def table(figures: OverheadFigures) -> Table:
    bare, product = figures.bare, figures.product
    table = plain_table("OF ONE REQUEST", numbers=("BARE", "PRODUCT", "RATIO", "LOWEST", "HIGHEST"))
    for name, theirs, ours, ratio in (
        ("processor ms", bare.cpu_ms, product.cpu_ms, figures.cpu_ratio),
        ("by the clock ms", bare.wall_ms, product.wall_ms, figures.wall_ratio),
    ):
        ratios = (f"{value:.2f}" for value in (ratio.median, ratio.low, ratio.high))
        table.add_row(name, f"{theirs:.2f}", f"{ours:.2f}", *ratios)
    calls = bare.calls_together, product.calls_together
    table.add_row("AWS calls", *(f"{count:.2f}" for count in calls), f"{calls[1] / calls[0]:.2f}")
    for operation in sorted({*bare.calls, *product.calls}):
        table.add_row(f"  {operation}", _calls(bare, operation), _calls(product, operation))
    return table


def _calls(side: SideFigures, operation: str) -> str:
    return f"{side.calls.get(operation, 0):.2f}"


def draw(figure: Figure, result: ProbeResult, requests: int) -> None:
    times, ratios = figure.subplots(1, 2)
    _draw_times(times, result, requests)
    ratios.plot(range(1, len(result.blocks) + 1), cpu_ratios(result), "o-", color=PRODUCT_COLOUR)
    ratios.axhline(1, color=BARE_COLOUR, label="bare")
    ratios.set(title="processor time, product / bare", xlabel="block", ylabel="ratio", ylim=(0, None))
    ratios.legend(fontsize=8)


def _draw_times(axes: Axes, result: ProbeResult, requests: int) -> None:
    """Draw each block's time per request, in processor time and by the clock."""
    blocks = range(1, len(result.blocks) + 1)
    for side, colour, times in (
        ("bare", BARE_COLOUR, [block.bare for block in result.blocks]),
        ("product", PRODUCT_COLOUR, [block.product for block in result.blocks]),
    ):
        axes.plot(
            blocks,
            [milliseconds(time.cpu_s, requests) for time in times],
            "o-",
            color=colour,
            label=f"{side}, processor",
        )
        axes.plot(
            blocks,
            [milliseconds(time.wall_s, requests) for time in times],
            "x:",
            color=colour,
            label=f"{side}, clock",
        )
    axes.set(title="time of one request", xlabel="block", ylabel="ms", ylim=(0, None))
    axes.legend(fontsize=8)
