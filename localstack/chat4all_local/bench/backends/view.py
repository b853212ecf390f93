"""The backends' table and plot."""

from collections.abc import Callable
from typing import Final

from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.backends.figures import BackendFigures, BackendsFigures
from chat4all_local.bench.plots import BARE_COLOUR, PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table

_ROWS: Final[tuple[tuple[str, Callable[[BackendFigures], float], int], ...]] = (
    ("start-up, s", lambda one: one.start_s.median, 1),
    ("memory after it, MB", lambda one: one.idle_mb.median, 0),
    ("memory under load, MB", lambda one: one.greatest_mb.median, 0),
    ("POSTs accepted /s", lambda one: one.accepted_per_s.median, 1),
    ("POST to provider, p50 ms", lambda one: one.arrival_p50_ms, 0),
    ("POST to provider, p95 ms", lambda one: one.arrival_p95_ms, 0),
    ("upload, MB/s", lambda one: one.upload_mb_per_s.median, 0),
)


def table(figures: BackendsFigures) -> Table:
    """The last column: each figure of the last backend by that of the first."""
    first, *_, last = figures.backends.values()
    shown = plain_table("", numbers=(*(name.upper() for name in figures.backends), "RATIO"))
    for name, figure, digits in _ROWS:
        values = [f"{figure(one):.{digits}f}" for one in figures.backends.values()]
        shown.add_row(name, *values, f"{figure(last) / figure(first):.2f}")
    return shown


def draw(figure: Figure, figures: BackendsFigures) -> None:
    figure.set_size_inches(12, 5)
    for axes, (name, value, _) in zip(figure.subplots(2, 4).flat, _ROWS, strict=False):
        values = [value(one) for one in figures.backends.values()]
        axes.bar(list(figures.backends), values, color=[PRODUCT_COLOUR, BARE_COLOUR])
        axes.set_title(name, fontsize=9)
    figure.axes[-1].set_axis_off()
