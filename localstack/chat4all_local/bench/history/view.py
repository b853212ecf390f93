"""The table and plot of the benchmark `history`."""

from matplotlib.figure import Figure
from rich.table import Table

from chat4all_local.bench.history.figures import HistoryFigures
from chat4all_local.bench.plots import PRODUCT_COLOUR
from chat4all_local.console.tables import plain_table


def table(figures: HistoryFigures) -> Table:
    shown = plain_table("MESSAGES IN THE CONVERSATION", numbers=("MS A PAGE", "RRU A PAGE"))
    for size, page in figures.history.items():
        shown.add_row(f"{int(size):,}", f"{page.page_ms:.1f}", f"{page.rru:.2f}")
    return shown


def draw(figure: Figure, figures: HistoryFigures) -> None:
    times, units = figure.subplots(1, 2)
    sizes = [f"{int(size):,}" for size in figures.history]
    times.bar(sizes, [page.page_ms for page in figures.history.values()], color=PRODUCT_COLOUR)
    times.set(title="ms of a page", xlabel="messages in the conversation")
    units.bar(sizes, [page.rru for page in figures.history.values()], color=PRODUCT_COLOUR)
    units.set(title="read units of a page", xlabel="messages in the conversation")
