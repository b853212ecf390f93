"""Shows the steps of a start as they go, with the time that each has taken so far."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from chat4all_local.cloud.progress import Mark, Step


class ProgressDisplay:
    """A moving line for the step under way where there is a terminal; a plain line for each step that ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._current: Step | None = None
        self._spinner = Spinner("dots")
        self._began = 0.0
        self._live = Live(console=console, get_renderable=self._line, transient=True, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._current = None
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, step: Step) -> None:
        if step.mark is Mark.STARTED:
            self._current, self._began = step, time.monotonic()
        else:
            self._current = None
            self._console.print(render_step(step))
        self._live.refresh()

    def _line(self) -> Spinner | Text:
        if self._current is None:
            return Text("")
        elapsed = time.monotonic() - self._began
        self._spinner.update(text=Text.assemble(self._current.title, (f"  {elapsed:.0f} s", "dim")))
        return self._spinner


def render_step(step: Step) -> Text:
    mark = ("✓ ", "green") if step.mark is Mark.DONE else ("✗ ", "red")
    return Text.assemble(mark, step.title, (f"  {step.seconds:.1f} s", "dim"))
