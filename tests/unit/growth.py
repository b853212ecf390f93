"""Measurement of how the processor time of a piece of work grows with its input."""

import time
from collections.abc import Callable
from typing import Final

TIMES: Final = 10
"""The ratio of the lengths of the longer and the shorter input."""
MOST: Final = 30
"""The largest allowed ratio of the times. Quadratic work has a ratio of a hundred."""
_TRIES: Final = 5
_FLOOR_S: Final = 0.001
"""The smallest time to divide by: shorter times are noise."""


def growth(work: Callable[[int], Callable[[], object]], length: int) -> float:
    """Return how many times as long the work takes for an input of `TIMES` the length.

    `work` makes the input, outside of the measurement, and returns the call to measure. The best of several
    tries counts, since other processes use the machine, too; the first good try ends them.
    """
    short, long = work(length), work(TIMES * length)
    shortest = max(_FLOOR_S, min(_seconds(short) for _ in range(_TRIES)))
    ratios = []
    for _ in range(_TRIES):
        ratios.append(_seconds(long) / shortest)
        if ratios[-1] <= MOST:
            break
    return min(ratios)


def _seconds(done: Callable[[], object]) -> float:
    begin = time.process_time()
    done()
    return time.process_time() - begin
