"""Shows what a benchmark is doing: one moving line in a terminal, a line for each step elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape


class Narrator:
    """Call it with a few words; the words before count as done then."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._began = time.monotonic()
        self._status = console.status("")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._status.stop()
        mark = "[green]✓[/]" if kind is None else "[red]✗[/]"
        self._console.print(f"{mark} Measured {self._name}  [dim]{self.seconds:.0f} s[/]", highlight=False)

    def __call__(self, text: str) -> None:
        line = f"{self._name}: {escape(text)}  [dim]{self.seconds:.0f} s[/]"
        if self._console.is_terminal:
            self._status.update(line)
        else:
            self._console.print(line, highlight=False)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
