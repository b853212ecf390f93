"""The schedule of an open load: when each request is due, whether or not earlier requests were answered."""

import random
from collections.abc import Iterator


def due_times(rps: float, seconds: float, randomness: random.Random) -> Iterator[float]:
    """Yield the seconds from the beginning at which requests are due: a Poisson process of `rps` a second."""
    due_s = randomness.expovariate(rps)
    while due_s < seconds:
        yield due_s
        due_s += randomness.expovariate(rps)
