"""Stops and kills of the whole local cloud, and its restarts."""

from typing import Final

from chat4all_local.chaos.scenario import AFTER_A_RESTART_S, Run, Scenario
from chat4all_local.cloud.settings import CHANNELS

_AT: Final = 0.5
_STOP_AT: Final = 0.25
_KILL_AT: Final = 0.6
REPEATS: Final = len(CHANNELS)
"""One for each channel: a send that the provider accepted, whose record MiniStack had not answered."""


def _restart(run: Run) -> None:
    run.load.wait_for_share(_AT)
    end_and_start(run, kill=False)


def _kill(run: Run) -> None:
    run.load.wait_for_share(_AT)
    end_and_start(run, kill=True)


def _stop_and_kill(run: Run) -> None:
    run.load.wait_for_share(_STOP_AT)
    end_and_start(run, kill=False)
    run.load.wait_for_share(_KILL_AT)
    end_and_start(run, kill=True)


def end_and_start(run: Run, *, kill: bool) -> None:
    """Stop or kill the cloud, and start it again."""
    if kill:
        run.struck("kill -9 of the cloud", kills=1)
    else:
        run.struck("the cloud is stopped")
    run.under_test.end(kill=kill)
    run.gone()
    run.under_test.start()
    run.mended("the cloud is up again")


RESTART: Final = (
    Scenario(
        "restart-cloud",
        "The local cloud is stopped and started under load.",
        _restart,
        next_delivery_s=AFTER_A_RESTART_S,
    ),
)
KILL: Final = (
    Scenario(
        "kill-cloud",
        "The local cloud is killed with -9 under load, and started again.",
        _kill,
        repeats_per_kill=REPEATS,
        next_delivery_s=AFTER_A_RESTART_S,
    ),
    Scenario(
        "stop-under-load",
        "The local cloud is stopped with SIGTERM, started, killed with -9 and started, all under one load.",
        _stop_and_kill,
        repeats_per_kill=REPEATS,
        next_delivery_s=AFTER_A_RESTART_S,
    ),
)
