"""A layer's module that sets a wrong clock in a function's process, and runs the unchanged function."""

import random
from datetime import datetime, timedelta

from chat4all.bootstrap import runtime

_true = runtime.now
_SKEW = timedelta(seconds=random.choice((-1, 1)) * random.uniform(120, 300))  # noqa: S311 - no secret


def _wrong() -> datetime:
    return _true() + _SKEW


runtime.now = _wrong

from app import handler  # type: ignore[import-not-found]  # noqa: E402, F401 - wired with the wrong clock
