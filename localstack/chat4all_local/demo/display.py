"""The display of the running demo: in a terminal a live table, elsewhere a plain line once a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.text import Text

from chat4all_local.cloud.progress import Mark, Step
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.demo.counting import Row, total
from chat4all_local.demo.table import STEPS, moving_table, steps

Show = Callable[[tuple[Row, ...]], None]


@contextmanager
def messages_shown(console: Console, title: str) -> Iterator[Show]:
    """Yield a callback that shows the current rows."""
    latest: tuple[Row, ...] = ()
    began = time.monotonic()

    def picture() -> RenderableType:
        return Group(Text(""), moving_table(latest), Text(""))

    with ProgressDisplay(console, picture) as progress:

        def show(rows: tuple[Row, ...]) -> None:
            nonlocal latest
            latest = rows
            progress.plain_line(title, progress_line(rows))

        progress(Step(title, Mark.STARTED))
        try:
            yield show
        finally:
            progress.plain_line(title, progress_line(latest), is_last=True)
            is_done = bool(latest) and all(row.counts == row.goal for row in latest)
            mark = Mark.DONE if is_done else Mark.FAILED
            progress(Step(title, mark, time.monotonic() - began))


def progress_line(rows: tuple[Row, ...]) -> str:
    """Return all counts, each beside its expected total."""
    done, goal = steps(total(row.counts for row in rows)), steps(total(row.goal for row in rows))
    return ", ".join(
        f"{step} {count or 0}/{wanted or 0}" for step, count, wanted in zip(STEPS, done, goal, strict=True)
    )
