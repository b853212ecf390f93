"""Waits until the providers have no webhook left to call."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from chat4all_local.simulators.client import Simulator
from chat4all_local.waiting import wait_until

QUIET_WITHIN_S: Final = 10.0


def wait_until_quiet(simulators: Mapping[str, Simulator]) -> None:
    """Wait while a doubled message or webhook may still be on its way; an endless one is given up."""
    with suppress(TimeoutError):
        wait_until("no webhook is pending", lambda: is_quiet(simulators), within_s=QUIET_WITHIN_S)


def is_quiet(simulators: Mapping[str, Simulator]) -> bool:
    return all(one.health().webhooks_pending == 0 for one in simulators.values())
