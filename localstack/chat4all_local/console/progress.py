"""The display of progress: steps, transfers, and below them a table of the tool."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.filesize import pick_unit_and_suffix
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from chat4all_local.cloud.progress import Mark, Step, step

Tell = Callable[[str], None]
"""A callback that shows a short text about the running step."""

_UNITS: Final = ["bytes", "KB", "MB"]
_LINE_EVERY_S: Final = 1.0
_BAR_WIDTH: Final = 24
"""A bar with its numbers fits into 80 columns."""


class ProgressDisplay:
    """A display that redraws its lines in a terminal, and prints plain lines elsewhere. It is thread-safe.

    Call it with each step. `footer` renders a part below the steps and transfers, which stays at the end.
    """

    def __init__(self, console: Console, footer: Callable[[], RenderableType] | None = None) -> None:
        self._console = console
        self._footer = footer
        description = TextColumn("{task.description}", markup=False)
        self._steps = Progress(SpinnerColumn(), description, _Seconds(), console=console)
        self._transfers = Progress(
            description,
            BarColumn(bar_width=_BAR_WIDTH),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )
        self._under_way: dict[str, TaskID] = {}
        self._began = time.monotonic()
        self._lines: dict[str, tuple[float, str]] = {}
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.transient = not (self._transfers.tasks or self._footer)
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, step: Step) -> None:
        if step.mark is Mark.STARTED:
            self._under_way[step.title] = self._steps.add_task(step.title, total=None)
        else:
            self._steps.remove_task(self._under_way.pop(step.title))
            self._console.print(render_step(step))

    @contextmanager
    def narrated(self, title: str) -> Iterator[Tell]:
        """Show a step during the block, with the texts that the block reports."""
        with step(self, title):
            yield partial(self._tell, title)

    def transfer(self, title: str, size: int) -> "Transfer":
        """Show a transfer of `size` bytes."""
        task_id = self._transfers.add_task(title, total=size)
        self._transfers.advance(task_id, 0)  # the rate counts from here, even if all bytes arrive at once
        self._lines[title] = (time.monotonic(), "")
        return Transfer(self, self._transfers, task_id)

    def plain_line(self, name: str, text: str, *, is_last: bool = False) -> None:
        """Without a terminal, print the changed texts of `name` at most once a second, and its last text."""
        now = time.monotonic()
        before_at, before = self._lines.setdefault(name, (self._began, ""))
        is_due = is_last or now >= before_at + _LINE_EVERY_S
        if is_due and text != before and not self._console.is_terminal:
            self._lines[name] = (now, text)
            line = f"{now - self._began:5.1f} s  {text}"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _tell(self, title: str, text: str) -> None:
        task_id = self._under_way[title]
        self._steps.update(task_id, description=f"{title}: {text}")
        if not self._console.is_terminal:
            self._console.print(
                Text.assemble(f"{title}: {text}", (f"  {_seconds(_task(self._steps, task_id))}", "dim"))
            )

    def _picture(self) -> RenderableType:
        shown: list[RenderableType] = [tasks for tasks in (self._steps, self._transfers) if tasks.tasks]
        return Group(*shown, *([self._footer()] if self._footer else []))


class Transfer:
    """A shown transfer. Call it with the number of bytes transferred since the last call."""

    def __init__(self, display: ProgressDisplay, tasks: Progress, task_id: TaskID) -> None:
        self._display = display
        self._tasks = tasks
        self._task_id = task_id

    def __call__(self, size: int) -> None:
        self._tasks.advance(self._task_id, size)
        task = _task(self._tasks, self._task_id)
        self._display.plain_line(task.description, transfer_line(task), is_last=task.finished)

    def rename(self, title: str) -> None:
        self._tasks.update(self._task_id, description=title)


def _task(tasks: Progress, task_id: TaskID) -> Task:
    return next(task for task in tasks.tasks if task.id == task_id)


class _Seconds(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_seconds(task), style="dim")


def _seconds(task: Task) -> str:
    return f"{task.elapsed or 0:.0f} s"


def render_step(step: Step) -> Text:
    mark = ("✓ ", "green") if step.mark is Mark.DONE else ("✗ ", "red")
    return Text.assemble(mark, step.title, (f"  {step.seconds:.1f} s", "dim"))


def transfer_line(task: Task) -> str:
    """Return the progress and the rate of a transfer, in units that fit its size."""
    total = task.total or 0
    rate = task.finished_speed or task.speed or 0
    unit, name = pick_unit_and_suffix(int(total), _UNITS, 1_000)
    rate_unit, rate_name = pick_unit_and_suffix(int(rate), _UNITS, 1_000)
    parts = [
        f"{task.completed / unit:,.1f} of {total / unit:,.1f} {name}",
        f"{rate / rate_unit:,.1f} {rate_name}/s",
    ]
    if task.time_remaining is not None and not task.finished:
        parts.append(f"{task.time_remaining:.0f} s left")
    return f"{task.description}: {', '.join(parts)}"


def megabytes(size: float) -> str:
    return f"{size / 1_000_000:,.1f} MB"
