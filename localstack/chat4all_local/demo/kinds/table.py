"""The table of kinds in the demo's summary."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from chat4all_local.console.tables import plain_table
from chat4all_local.demo.kinds.judging import KindRow, Seen
from chat4all_local.traffic.participants import BY_CHANNEL


def kinds_table(rows: Sequence[KindRow], channels: Sequence[str]) -> Table:
    table = plain_table("KIND")
    for channel in channels:
        table.add_column(BY_CHANNEL[channel].title.upper())
    for row in rows:
        table.add_row(row.name, *(_cell(row.seen.get(channel)) for channel in channels))
    return table


def _cell(seen: Seen | None) -> Text:
    if seen is None:
        return Text("-", style="dim")
    mark = ("✓", "green") if seen.fault is None else ("✗", "bold red")
    return Text.assemble(f"{seen.how} ", mark)
