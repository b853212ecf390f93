"""The table and plot of the benchmark `backends`."""

from collections.abc import Callable
from typing import Final

from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.backends.figures import BackendFigures, BackendsFigures
from chat4all_local.bench.plots import BARE_COLOUR, PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table

_ROWS: Final[tuple[tuple[str, Callable[[BackendFigures], float], int], ...]] = (
    ("start-up, s", lambda backend: backend.start_s.median, 1),
    ("memory after it, MB", lambda backend: backend.idle_mb.median, 0),
    ("memory under load, MB", lambda backend: backend.greatest_mb.median, 0),
    ("POSTs accepted /s", lambda backend: backend.accepted_per_s.median, 1),
    ("POST to provider, p50 ms", lambda backend: backend.arrival_p50_ms, 0),
    ("POST to provider, p95 ms", lambda backend: backend.arrival_p95_ms, 0),
    ("upload, MB/s", lambda backend: backend.upload_mb_per_s.median, 0),
)


def table(figures: BackendsFigures) -> Table:
    """Build the table.

    The last column divides each figure of the last backend by the figure of the first backend.
    """
    first, *_, last = figures.backends.values()
    shown = plain_table("", numbers=(*(name.upper() for name in figures.backends), "RATIO"))
    for name, figure, digits in _ROWS:
        values = [f"{figure(backend):.{digits}f}" for backend in figures.backends.values()]
        shown.add_row(name, *values, f"{figure(last) / figure(first):.2f}")
    return shown


def draw(figure: Figure, figures: BackendsFigures) -> None:
    figure.set_size_inches(12, 5)
    for axes, (name, value, _) in zip(figure.subplots(2, 4).flat, _ROWS, strict=False):
        values = [value(backend) for backend in figures.backends.values()]
        axes.bar(list(figures.backends), values, color=[PRODUCT_COLOUR, BARE_COLOUR])
        axes.set_title(name, fontsize=9)
    figure.axes[-1].set_axis_off()
