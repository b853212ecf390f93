"""How things are said in the terminal."""

import unicodedata
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.measure import Measurement

from chat4all_local.cloud.folder import StateFolder, default_folder
from chat4all_local.cloud.settings import STATE_VARIABLE

# Overrides and isolates; the plain marks that right-to-left texts use are no danger.
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

out = Console()
err = Console(stderr=True)

StateOption = Annotated[
    str,
    typer.Option(
        "--state",
        envvar=STATE_VARIABLE,
        metavar="DIR",
        help="The folder of the local cloud; by default .chat4all in the checkout.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def folder_at(state: str) -> StateFolder:
    return StateFolder(Path(state)) if state else default_folder()


def printable(text: str) -> str:
    """What others wrote, on one line and without what would steer the terminal or turn its text around."""
    return "".join("\u23ce" if letter == "\n" else "\ufffd" if _steers(letter) else letter for letter in text)


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" or letter in _DIRECTION_MARKS


def explain(message: str, advice: str = "", log: str = "") -> None:
    """An expected failure: what a log said, what happened in one line, what to do in the next."""
    if log:
        err.print(escape(log), style="dim", highlight=False, soft_wrap=True)
    err.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)
    if advice:
        err.print(f"  {escape(advice)}", highlight=False, soft_wrap=True)


def print_whole(table: RenderableType, console: Console = out) -> None:
    """Print a table at its natural width, also on a narrow terminal: an id that is cut off is of no use."""
    natural = Measurement.get(console, console.options.update(width=10_000), table).maximum
    Console(file=console.file, width=max(console.width, natural)).print(table, highlight=False)


def print_json(text: bytes) -> None:
    """As it is, on one line: no colours, no wrapping."""
    typer.echo(text)
