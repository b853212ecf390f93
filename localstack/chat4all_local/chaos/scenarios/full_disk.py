"""A disk without room for MiniStack.

A small file system needs rights that a user may not have. Therefore the system limits how long a file of
MiniStack may be (RLIMIT_FSIZE). Then writes fail in the kernel, in the middle of a change, as on a full disk.
The limit does not count for files that are shorter, and it is lifted from outside.
"""

import resource
from contextlib import suppress
from typing import Final

import psutil

from chat4all_local.chaos.scenario import Run, Scenario
from chat4all_local.chaos.workers import component
from chat4all_local.cloud.inspection import Health, inspect
from chat4all_local.waiting import wait_until

_AT: Final = 0.3
_LASTS_UNTIL: Final = 0.6
_NOTICED_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.1


def _fill_disk(run: Run) -> None:
    run.load.wait_for_share(_AT)
    ministack = component(run.under_test.cloud, "ministack")
    run.struck("the disk is full")
    before = _limit_files(ministack, _longest_journal(run))
    try:
        if not _becomes(run, Health.REFUSING):
            run.wrongs.append("the status does not say that changes are refused")
        run.load.wait_for_share(_LASTS_UNTIL)
    finally:
        _limit_files(ministack, before)
    if not _becomes(run, Health.UP):
        run.wrongs.append("changes are still refused though there is room")
    run.mended("there is room again")


def _longest_journal(run: Run) -> int:
    journals = run.under_test.cloud.folder.ministack.glob("journal/*.journal")
    return max(journal.stat().st_size for journal in journals)


def _limit_files(process: psutil.Process, length: int) -> int:
    """Limit the length of the files that the process writes, and return the limit before."""
    before, hard = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (length, hard))
    return before


def _becomes(run: Run, health: Health) -> bool:
    def is_so() -> bool:
        components = inspect(run.under_test.cloud.folder).components
        return any(component.name == "ministack" and component.health is health for component in components)

    with suppress(TimeoutError):
        wait_until(f"MiniStack is {health}", is_so, within_s=_NOTICED_WITHIN_S, every_s=_LOOK_EVERY_S)
        return True
    return False


FULL_DISK: Final = (
    Scenario("disk-full", "The disk has no room for MiniStack for a third of the load's time.", _fill_disk),
)
