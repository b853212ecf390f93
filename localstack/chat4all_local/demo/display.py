"""The play as it goes on: a table that moves where there is a terminal, else a plain line now and then."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from chat4all_local.demo.counting import Row, total
from chat4all_local.demo.table import STEPS, moving_table, steps

_LINE_EVERY_S: Final = 1.0


class Display:
    """Show it `rows` as often as there are new ones."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._spinner = Spinner("dots")
        self._rows: tuple[Row, ...] = ()
        self._began = time.monotonic()
        self._last_line = ""
        self._last_line_at = self._began
        self._ended = False
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        if self._console.is_terminal:
            self._live.stop()
        else:
            self._print_line()

    def show(self, rows: tuple[Row, ...]) -> None:
        self._rows = rows
        if not self._console.is_terminal and time.monotonic() >= self._last_line_at + _LINE_EVERY_S:
            self._print_line()

    def _picture(self) -> RenderableType:
        return Group(self._headline(), Text(""), moving_table(self._rows), Text(""))

    def _headline(self) -> RenderableType:
        text = Text.assemble(self._title, (f"  {time.monotonic() - self._began:.1f} s", "dim"))
        if self._ended:
            return (
                Text.assemble(("✓ ", "green"), text)
                if self._is_done()
                else Text.assemble(("✗ ", "red"), text)
            )
        self._spinner.update(text=text)
        return self._spinner

    def _is_done(self) -> bool:
        return bool(self._rows) and all(row.counts == row.goal for row in self._rows)

    def _print_line(self) -> None:
        """Unless nothing has moved since the last one."""
        line = progress_line(self._rows)
        self._last_line_at = time.monotonic()
        if line != self._last_line:
            self._last_line = line
            self._console.print(
                f"{self._last_line_at - self._began:5.1f} s  {line}", highlight=False, soft_wrap=True
            )


def progress_line(rows: tuple[Row, ...]) -> str:
    """All counts together, each beside what it should come to."""
    done, goal = steps(total(row.counts for row in rows)), steps(total(row.goal for row in rows))
    return ", ".join(
        f"{step} {count or 0}/{wanted or 0}" for step, count, wanted in zip(STEPS, done, goal, strict=True)
    )
