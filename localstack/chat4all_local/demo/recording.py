"""The final state of the demo as an SVG picture for a document."""

import io
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType

_COLUMNS: Final = 88
_TITLE: Final = "chat4all demo"


def write_svg(path: Path, *shown: RenderableType) -> None:
    """Write `shown`, from top to bottom, as an SVG file; create its folder if necessary."""
    console = Console(
        file=io.StringIO(), width=_COLUMNS, record=True, force_terminal=True, color_system="truecolor"
    )
    console.print("[bold]$ make demo[/]\n", highlight=False)
    console.print(*shown, sep="\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title=_TITLE, unique_id="demo")
    path.write_text(_without_remote_fonts(picture), encoding="utf-8")


def _without_remote_fonts(svg: str) -> str:
    """Remove the fonts that Rich loads over the network: web pages block them in pictures."""
    before, *fonts = svg.split("@font-face {")
    return before + "".join(font.partition("}")[2].lstrip() for font in fonts)
