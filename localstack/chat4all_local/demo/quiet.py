"""Waits until the providers have no webhook left to call."""

import time
from collections.abc import Mapping
from typing import Final

from chat4all_local.simulators.client import Simulator

QUIET_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.15


def wait_until_quiet(simulators: Mapping[str, Simulator]) -> None:
    """A doubled message or webhook would still be on its way; an endless one is given up."""
    deadline = time.monotonic() + QUIET_WITHIN_S
    while not is_quiet(simulators) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)


def is_quiet(simulators: Mapping[str, Simulator]) -> bool:
    return all(one.health().webhooks_pending == 0 for one in simulators.values())
