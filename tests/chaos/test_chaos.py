"""A small instance of every scenario: nothing is lost, out of order, or repeated without need, and the fault happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from chat4all_local.bench.machine import this_machine
from chat4all_local.chaos.catalogue import SCENARIOS, choose
from chat4all_local.chaos.machine_room import MachineRoom
from chat4all_local.chaos.main import perform
from chat4all_local.chaos.outcome import Outcome, Result, result
from chat4all_local.chaos.view import write_report

MESSAGES = 30
COMES_BACK_S = 15
"""When what a dead process had taken is given out again, instead of 25 s: no batch of so few messages takes as long."""
BETWEEN_FUNCTIONS = ("chat-events", "status-updates", "inbound")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    first, *others = choose([])
    scenarios = [replace(first, setting=lost_batches_soon_back), *others]
    performed = perform(scenarios, messages=MESSAGES, console=Console(stderr=True))
    return {one.scenario.name: one for one in performed}


@contextmanager
def lost_batches_soon_back(room: MachineRoom) -> Iterator[None]:
    """For the whole run: the cloud keeps it."""
    sqs = room.cloud.aws.sqs()
    for queue in BETWEEN_FUNCTIONS:
        url = sqs.get_queue_url(QueueName=f"{room.cloud.stack}-{queue}.fifo")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(COMES_BACK_S)})
    yield


@pytest.mark.parametrize("name", [name for name, one in SCENARIOS.items() if one.judged])
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
