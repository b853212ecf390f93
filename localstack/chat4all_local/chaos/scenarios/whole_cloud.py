"""A stop or a kill of the whole local cloud, and its restart."""

from typing import Final

from chat4all_local.chaos.scenario import AFTER_A_RESTART_S, Run, Scenario

_AT: Final = 0.5


def _restart(run: Run) -> None:
    run.load.wait_for_share(_AT)
    run.struck("the cloud is stopped")
    run.under_test.end(kill=False)
    run.gone()
    run.under_test.start()
    run.mended("the cloud is up again")


def _kill(run: Run) -> None:
    run.load.wait_for_share(_AT)
    run.struck("kill -9 of the cloud", kills=1)
    run.under_test.end(kill=True)
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
        "The local cloud is killed with -9: it keeps only the data of its last clean stop.",
        _kill,
        judged=False,
    ),
)
