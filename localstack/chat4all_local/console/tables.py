"""The tables of the tools: columns without lines around them."""

from collections.abc import Iterable

from rich.table import Table


def plain_table(*headings: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table: the columns `headings`, then the columns `numbers`, aligned to the right."""
    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table
