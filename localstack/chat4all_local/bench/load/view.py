"""The table and plot of the benchmark `load`."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.load.figures import LoadFigures
from chat4all_local.bench.plots import PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table
from chat4all_local.traffic.open_load import Answer

_COLUMNS = (
    "ACHIEVED",
    "P50 MS",
    "P95 MS",
    "P99 MS",
    "ERRORS",
    "REFUSED",
    "LOST",
    "OUT OF ORDER",
    "DRAINED S",
)


def table(figures: LoadFigures) -> Table:
    shown = plain_table("REQUESTS/S", numbers=_COLUMNS)
    for step in figures.steps:
        times = [f"{value:.0f}" if step.achieved else "-" for value in (step.p50, step.p95, step.p99)]
        counts = [str(value) for value in (step.errors, step.refused, step.lost, step.out_of_order)]
        drained = "never" if step.drained_s is None else f"{step.drained_s:.1f}"
        shown.add_row(f"{step.rps:g}", f"{step.achieved:.1f}", *times, *counts, drained)
    return shown


def draw(figure: Figure, answers: Mapping[float, Sequence[Answer]]) -> None:
    """Draw the latency of each request by its due moment, and the requests in flight, by step."""
    rows = figure.subplots(len(answers), 2, squeeze=False)
    for (latency, backlog), (rps, of_step) in zip(rows, answers.items(), strict=True):
        due = [answer.request.after_s for answer in of_step]
        latency.plot(due, [1_000 * answer.seconds for answer in of_step], ".", color=PRODUCT_COLOUR)
        latency.set_title(f"{rps:g} requests/s: latency, ms", fontsize=9)
        changes = sorted(
            change
            for answer in of_step
            for change in (
                (answer.request.after_s, 1),
                (answer.request.after_s + answer.seconds, -1),
            )
        )
        levels = list(accumulate(change for _, change in changes))
        backlog.step([at for at, _ in changes], levels, where="post", color=PRODUCT_COLOUR)
        backlog.set_title("requests in flight", fontsize=9)
