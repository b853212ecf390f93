"""Supervise a running cloud. An ended component is not restarted: its end is an error to report."""

import time
from collections.abc import Sequence

from chat4all_local.cloud.launch import Launched
from chat4all_local.cloud.settings import SUPERVISE_EVERY


def supervise(running: Sequence[Launched]) -> None:
    """Watch the components; raise ComponentFailed when a component ends."""
    while True:
        for process in running:
            process.check_alive()
        time.sleep(SUPERVISE_EVERY)
