"""A small instance of every chaos scenario.

The fault happens, and no message is lost, out of order, or repeated without need.
"""

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from chat4all_local.chaos.catalogue import SCENARIOS, choose
from chat4all_local.chaos.main import perform
from chat4all_local.chaos.outcome import Outcome, Result, result
from chat4all_local.chaos.view import write_report
from chat4all_local.cloud.machine import this_machine

MESSAGES = 30


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    performed = perform(choose([]), messages=MESSAGES, console=Console(stderr=True))
    return {result.scenario.name: result for result in performed}


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_nothing_is_lost_reordered_or_repeated(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]

    assert outcome.wrongs == []
    more = outcome.account.accepted - MESSAGES
    assert more > 0 if name in {"overload", "batch"} else more == 0
    assert outcome.timeline.strikes


@pytest.mark.parametrize("name", ["kill-store", "kill-cloud", "stop-under-load"])
def test_the_whole_cloud_was_killed_once(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].kills == 1


def test_the_figures_and_the_report_tell_every_scenario(outcomes: dict[str, Outcome], tmp_path: Path) -> None:
    encoded = msgspec.json.encode(result(list(outcomes.values())))
    report = write_report(tmp_path, list(outcomes.values()), this_machine(), 60.0).read_text()

    assert list(msgspec.json.decode(encoded, type=Result).scenarios) == list(SCENARIOS)
    for name in SCENARIOS:
        assert f"## {name}" in report
        assert (tmp_path / "chaos" / f"{name}.png").stat().st_size > 0
