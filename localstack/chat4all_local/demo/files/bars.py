"""A bar for each transfer where there is a terminal, else a plain line now and then; with rate and time left."""

import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

Advance = Callable[[int], None]
_LINE_EVERY_S: Final = 1.0
_WIDTH: Final = 24
"""Of a bar; with its numbers it fits 80 columns."""


class Bars:
    """Safe to use from several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._last_line_at: dict[TaskID, float] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=_WIDTH),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._progress.stop()

    def add(self, title: str, size: int) -> Advance:
        """To be told of every few bytes more."""
        task = self._progress.add_task(title, total=size)
        self._progress.advance(task, 0)  # the rate counts from here, also of what comes in one piece
        self._last_line_at[task] = time.monotonic()
        return partial(self._advance, task)

    def _advance(self, task_id: TaskID, some: int) -> None:
        self._progress.advance(task_id, some)
        if self._console.is_terminal:
            return
        now, task = time.monotonic(), next(one for one in self._progress.tasks if one.id == task_id)
        if task.finished or now >= self._last_line_at[task_id] + _LINE_EVERY_S:
            self._last_line_at[task_id] = now
            self._console.print(
                f"{now - self._began:5.1f} s  {progress_line(task)}", highlight=False, soft_wrap=True
            )


def progress_line(task: Task) -> str:
    rate = task.finished_speed or task.speed or 0
    parts = [f"{task.completed / 1_000_000:,.1f} of {megabytes(task.total or 0)}", f"{megabytes(rate)}/s"]
    if task.time_remaining is not None and not task.finished:
        parts.append(f"{task.time_remaining:.0f} s left")
    return f"{task.description}: {', '.join(parts)}"


def megabytes(size: float) -> str:
    return f"{size / 1_000_000:,.1f} MB"
