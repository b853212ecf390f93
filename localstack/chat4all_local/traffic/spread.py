"""The summary of many measurements: medians, quantiles and paired ratios."""

import math
from collections.abc import Sequence
from statistics import median

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """The median, the minimum and the maximum of several measurements."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of the values. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no measurements")
    return Spread(median(values), min(values), max(values))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least value that `share` (0 to 1) of the values do not exceed.

    Raises ValueError if there are no values.
    """
    if not values:
        raise ValueError("no measurements")
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]


def paired_ratios(product: Sequence[float], bare: Sequence[float]) -> list[float]:
    """Divide each measurement of the product by the bare measurement of the same round.

    The speed of a shared machine varies over time, so only measurements of the same round are comparable.
    """
    return [ours / theirs for ours, theirs in zip(product, bare, strict=True)]


def enough(rounds: int, seconds: float, fewest: int, most: int, within_s: float) -> bool:
    """Return whether enough rounds were measured. A slow machine gets fewer, but at least `fewest`."""
    return rounds >= most or (rounds >= fewest and seconds > within_s)
