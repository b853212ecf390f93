"""Supervise a running cloud. An ended component is not restarted: its end is an error to report."""

import time
from collections.abc import Sequence

from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.launch import Launched
from chat4all_local.cloud.settings import SUPERVISE_EVERY


def supervise(running: Sequence[Launched], folder: StateFolder) -> None:
    """Watch the components and the folder.

    Raises ComponentFailed when a component ends, and CloudError when the folder is removed: then no command
    finds this cloud any more.
    """
    while True:
        if not folder.is_of_this_launcher():
            raise CloudError(
                f"{folder.path} was removed or replaced while its cloud ran",
                "to stop a cloud, run: chat4all down",
            )
        for process in running:
            process.check_alive()
        time.sleep(SUPERVISE_EVERY)
