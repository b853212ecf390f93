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


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.judged])
def test_nothing_is_lost_reordered_or_repeated(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]

    assert outcome.wrongs == []
    assert outcome.account.accepted == MESSAGES
    assert outcome.timeline.strikes


def test_what_a_killed_cloud_keeps_is_measured(outcomes: dict[str, Outcome]) -> None:
    killed = outcomes["kill-cloud"]

    assert killed.kills == 1
    assert killed.figures.accepted >= killed.figures.delivered


def test_the_figures_and_the_report_tell_every_scenario(outcomes: dict[str, Outcome], tmp_path: Path) -> None:
    encoded = msgspec.json.encode(result(list(outcomes.values())))
    report = write_report(tmp_path, list(outcomes.values()), this_machine(), 60.0).read_text()

    assert list(msgspec.json.decode(encoded, type=Result).scenarios) == list(SCENARIOS)
    for name in SCENARIOS:
        assert f"## {name}" in report
        assert (tmp_path / "chaos" / f"{name}.png").stat().st_size > 0
