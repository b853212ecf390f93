"""The end of the demo as a picture: an SVG file that a document can show."""

import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType

_COLUMNS: Final = 88
_TITLE: Final = "chat4all demo"
# Rich's own format loads its font from a content delivery network; pages that show pictures block that.
_REMOTE_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def write_svg(path: Path, *shown: RenderableType) -> None:
    """Write what the terminal showed last, from top to bottom, as an SVG file; make its folder if need be."""
    console = Console(
        file=io.StringIO(), width=_COLUMNS, record=True, force_terminal=True, color_system="truecolor"
    )
    console.print("[bold]$ make demo[/]\n", highlight=False)
    console.print(*shown, sep="\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        _REMOTE_FONTS.sub("", console.export_svg(title=_TITLE, unique_id="demo")), encoding="utf-8"
    )
