"""The table of files in the demo's summary: the way of each file, and whether its bytes arrived intact."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from chat4all_local.console.progress import megabytes
from chat4all_local.console.tables import plain_table
from chat4all_local.demo.files.judging import FileRow, Way
from chat4all_local.traffic.participants import BY_CHANNEL


def files_table(rows: Sequence[FileRow], channels: Sequence[str]) -> Table:
    table = plain_table("FILE", numbers=("SIZE", "UPLOADED"))
    for channel in channels:
        table.add_column(f"TO {BY_CHANNEL[channel].title.upper()}")
    for row in rows:
        uploaded = "" if row.uploaded_s is None else f"{row.uploaded_s:.1f} s"
        table.add_row(row.name, megabytes(row.size), uploaded, *_cells(row, channels))
    return table


def _cells(row: FileRow, channels: Sequence[str]) -> list[Text]:
    return [_cell(row.ways[channel]) if channel in row.ways else Text() for channel in channels]


def _cell(way: Way) -> Text:
    mark = ("✓", "green") if way.is_good else ("✗", "bold red")
    times = f" {way.times} times" if way.times > 1 else ""
    return Text.assemble(f"{way.how or 'nothing'}{times} ", mark)
