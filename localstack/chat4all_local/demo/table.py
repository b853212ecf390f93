"""The live table: a dot for each message in every step, filled when the message has reached it."""

from collections.abc import Iterable
from itertools import groupby

from rich.table import Table
from rich.text import Text

from chat4all_local.console.tables import plain_table
from chat4all_local.demo.counting import Counts, Row
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP

STEPS = ("accepted", "sent", "delivered", "read", "answers")


def moving_table(rows: Iterable[Row]) -> Table:
    table = plain_table()
    for heading in ("CHANNEL", "CONVERSATION", *(step.upper() for step in STEPS)):
        table.add_column(heading, min_width=9, no_wrap=True)
    for channel, channel_rows in groupby(rows, key=lambda row: row.channel):
        for place, row in enumerate(channel_rows):
            table.add_row(BY_CHANNEL[channel].title if place == 0 else "", _conversation(row), *_dots(row))
    return table


def _conversation(row: Row) -> str:
    return "the group" if row.conversation == GROUP else f"with {BY_CHANNEL[row.channel].name}"


def _dots(row: Row) -> list[Text]:
    return [_cell(done, goal) for done, goal in zip(steps(row.counts), steps(row.goal), strict=True)]


def _cell(done: int | None, goal: int | None) -> Text:
    if done is None or goal is None:
        return Text("-", style="dim")
    colour = "green" if done == goal else "yellow"
    return Text.assemble(("●" * done, colour), ("·" * max(0, goal - done), "dim"))


def steps(counts: Counts) -> tuple[int, int, int, int | None, int]:
    """Return the counts in the order of STEPS."""
    return counts.accepted, counts.sent, counts.delivered, counts.read, counts.received
