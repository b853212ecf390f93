"""The cold starts' table and plot."""

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
    for name, one in figures.functions.items():
        cpu, clock = one.cpu_ratio, one.wall_ratio
        table.add_row(
            name,
            *(f"{seconds * 1000:.0f}" for seconds in (one.cpu_s, one.bare_cpu_s)),
            *(f"{ratio:.2f}" for ratio in (cpu.median, cpu.low, cpu.high)),
            *(f"{seconds * 1000:.0f}" for seconds in (one.wall_s, one.bare_wall_s)),
            f"{clock.median:.2f}",
        )
    return table


def draw(figure: Figure, pairs: Pairs) -> None:
    by_processor, by_clock, times = figure.subplots(1, 3, width_ratios=[2, 2, 3])
    _draw_ratios(by_processor, "processor", {name: [p.cpu_ratio for p in of] for name, of in pairs.items()})
    _draw_ratios(by_clock, "clock", {name: [p.wall_ratio for p in of] for name, of in pairs.items()})
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
    """Every start: a dot of processor time; the bare ones in a row of their own."""
    rows = {name: [pair.function.cpu_s for pair in of_one] for name, of_one in pairs.items()}
    rows["bare"] = [pair.bare.cpu_s for of_one in pairs.values() for pair in of_one]
    for place, (name, seconds) in enumerate(rows.items()):
        colour = BARE_COLOUR if name == "bare" else PRODUCT_COLOUR
        axes.plot([one * 1000 for one in seconds], [place] * len(seconds), "o", color=colour, alpha=0.4)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(title="processor time of each start", xlabel="ms", xlim=(0, None))
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", alpha=0.3)
