"""The table and plot of the cold starts."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.coldstart.figures import AIM, ColdStartFigures, Pairs
from chat4all_local.bench.plots import AIM_COLOUR, BARE_COLOUR, PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table


def table(figures: ColdStartFigures) -> Table:
    table = plain_table(
        "FUNCTION", numbers=("CPU ms", "BARE", "RATIO", "LOWEST", "HIGHEST", "CLOCK ms", "BARE", "RATIO")
    )
    for name, start in figures.functions.items():
        cpu, clock = start.cpu_ratio, start.wall_ratio
        table.add_row(
            name,
            *(f"{seconds * 1000:.0f}" for seconds in (start.cpu_s, start.bare_cpu_s)),
            *(f"{ratio:.2f}" for ratio in (cpu.median, cpu.low, cpu.high)),
            *(f"{seconds * 1000:.0f}" for seconds in (start.wall_s, start.bare_wall_s)),
            f"{clock.median:.2f}",
        )
    return table


def draw(figure: Figure, pairs: Pairs) -> None:
    by_processor, by_clock, times = figure.subplots(1, 3, width_ratios=[2, 2, 3])
    _draw_ratios(
        by_processor,
        "processor",
        {name: [pair.cpu_ratio for pair in starts] for name, starts in pairs.items()},
    )
    _draw_ratios(
        by_clock, "clock", {name: [pair.wall_ratio for pair in starts] for name, starts in pairs.items()}
    )
    _draw_times(times, pairs)


def _draw_ratios(axes: Axes, by: str, ratios: dict[str, list[float]]) -> None:
    axes.boxplot(list(ratios.values()), orientation="horizontal")
    axes.set_yticks(range(1, len(ratios) + 1), list(ratios))
    axes.axvline(1, color=BARE_COLOUR, label="bare")
    axes.axvline(AIM, color=AIM_COLOUR, linestyle=":", label=f"aim: at most {AIM:g}")
    axes.set(title=f"function / bare, by the {by}", xlabel="ratio", xlim=(0, None))
    axes.invert_yaxis()
    axes.legend(fontsize=8, loc="lower left")


def _draw_times(axes: Axes, pairs: Pairs) -> None:
    """Draw the processor time of every start as a dot, with the bare starts in a row of their own."""
    rows = {name: [pair.function.cpu_s for pair in starts] for name, starts in pairs.items()}
    rows["bare"] = [pair.bare.cpu_s for starts in pairs.values() for pair in starts]
    for place, (name, seconds) in enumerate(rows.items()):
        colour = BARE_COLOUR if name == "bare" else PRODUCT_COLOUR
        axes.plot(
            [start_s * 1000 for start_s in seconds], [place] * len(seconds), "o", color=colour, alpha=0.4
        )
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(title="processor time of each start", xlabel="ms", xlim=(0, None))
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", alpha=0.3)
