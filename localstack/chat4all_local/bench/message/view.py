"""The table and plot of the benchmark `message`."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Group, RenderableType
from rich.table import Table

from chat4all_local.bench.message.figures import Figures
from chat4all_local.bench.plots import PRODUCT_COLOUR
from chat4all_local.bench.processor import Seconds
from chat4all_local.console.tables import plain_table


def table(figures: Figures, processes: Seconds) -> RenderableType:
    return Group(_message(figures), "", _processes(processes), "", _groups(figures), "", _broadcast(figures))


def _message(figures: Figures) -> Table:
    message = figures.message
    shown = plain_table(
        "A MESSAGE WITH THREE RECEIPTS", numbers=("WCU", "RRU", "SQS", "INVOCATIONS", "HTTP", "USD A MILLION")
    )
    counts = (message.wcu, message.rru, message.sqs, message.invocations, message.http)
    shown.add_row("", *(f"{count:.4g}" for count in counts), f"{message.usd_per_million:.2f}")
    return shown


def _processes(processes: Seconds) -> Table:
    shown = plain_table("PROCESSOR TIME", numbers=("MS A MESSAGE",))
    for name, milliseconds in _by_time(processes):
        shown.add_row(name, f"{milliseconds:.1f}")
    shown.add_row("together", f"{1_000 * sum(processes.values()):.1f}", style="bold")
    return shown


def _groups(figures: Figures) -> Table:
    shown = plain_table("GROUP OF", numbers=("WCU A DELIVERY", "RRU A DELIVERY", "MS A DELIVERY"))
    for size, group in figures.group.items():
        shown.add_row(
            size,
            f"{group.wcu_per_delivery:.2f}",
            f"{group.rru_per_delivery:.2f}",
            f"{group.cpu_ms_per_delivery:.1f}",
        )
    return shown


def _broadcast(figures: Figures) -> Table:
    shown = plain_table("CONVERSATIONS OF A BROADCAST", numbers=("RECEIVES A DELIVERY",))
    for conversations, broadcast in figures.broadcast.items():
        shown.add_row(conversations, f"{broadcast.receives_per_delivery:.2f}")
    return shown


def draw(figure: Figure, figures: Figures, processes: Seconds) -> None:
    """Draw the processor time by process, and the figures that must not grow with their number."""
    axes = figure.subplot_mosaic([["processes", "processes"], ["group", "broadcast"]])
    times = _by_time(processes)
    _bars(axes["processes"], "ms of a message", [name for name, _ in times], [ms for _, ms in times])
    groups: Mapping[str, float] = {size: group.wcu_per_delivery for size, group in figures.group.items()}
    _bars(axes["group"], "write units of a delivery, by the group's size", [*groups], [*groups.values()])
    receives = {count: found.receives_per_delivery for count, found in figures.broadcast.items()}
    _bars(axes["broadcast"], "receives of a delivery, by conversations", [*receives], [*receives.values()])


def _by_time(processes: Seconds) -> list[tuple[str, float]]:
    return sorted(((name, 1_000 * used) for name, used in processes.items()), key=lambda use: -use[1])


def _bars(axes: Axes, title: str, names: Sequence[str], values: Sequence[float]) -> None:
    axes.bar(names, values, color=PRODUCT_COLOUR)
    axes.set_title(title, fontsize=9)
