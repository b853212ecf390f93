"""The colours and lines that the plots share."""

from typing import Final

from matplotlib.axes import Axes

BARE_COLOUR: Final = "#9aa5b1"
PRODUCT_COLOUR: Final = "#2f6fde"
AIM_COLOUR: Final = "#c0392b"


def aim_line(axes: Axes, height: float, label: str) -> None:
    axes.axhline(height, color=AIM_COLOUR, linestyle=":", label=label)
