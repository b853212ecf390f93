"""The texts of the tools: to the terminal, to a pipe, and as JSON."""

import unicodedata
from typing import Final

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.measure import Measurement

# Overrides and isolates, which reorder text. The plain marks of right-to-left texts are harmless.
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

out = Console()
err = Console(stderr=True)


def printable(text: str) -> str:
    """Return a text from outside on one line, without characters that control the terminal."""
    return "".join(
        "\u23ce" if letter == "\n" else "\ufffd" if _is_control(letter) else letter for letter in text
    )


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" or letter in _DIRECTION_MARKS


def explain(message: str, advice: str = "", log: str = "") -> None:
    """Print an expected failure: the log, then the error on one line, then the advice on the next line."""
    if log:
        err.print(escape(log), style="dim", highlight=False, soft_wrap=True)
    err.print(f"[bold red]error:[/] {escape(message)}", highlight=False, soft_wrap=True)
    if advice:
        err.print(f"  {escape(advice)}", highlight=False, soft_wrap=True)


def print_whole(table: RenderableType, console: Console = out) -> None:
    """Print a table at its natural width, even on a narrow terminal: a truncated id is useless."""
    natural = Measurement.get(console, console.options.update(width=10_000), table).maximum
    Console(file=console.file, width=max(console.width, natural)).print(table, highlight=False)


def print_json(value: object) -> None:
    """Print a value as JSON on one line, without colours and wrapping."""
    typer.echo(msgspec.json.encode(value))
