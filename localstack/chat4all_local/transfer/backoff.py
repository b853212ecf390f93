"""How often a part of a transfer is tried, and how long it waits in between."""

import random
from typing import Final

TRIES: Final = 6
_FIRST_S: Final = 0.5


def pause_s(failures: int) -> float:
    """Seconds to wait after the n-th failure: doubling, half of it by chance."""
    return _FIRST_S * 2.0 ** (failures - 1) * (0.5 + random.random() / 2)  # noqa: S311 (spreads retries)
