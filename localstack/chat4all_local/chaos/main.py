"""`chat4all chaos`: run the scenarios one after the other on a temporary cloud, and show the ledger."""

import tempfile
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console

from chat4all_local.chaos.catalogue import choose
from chat4all_local.chaos.cloud_under_test import cloud_under_test
from chat4all_local.chaos.outcome import Outcome, result
from chat4all_local.chaos.run import run_scenario
from chat4all_local.chaos.scenario import Scenario
from chat4all_local.chaos.view import table, verdict, write_report
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.machine import this_machine
from chat4all_local.cloud.progress import step
from chat4all_local.cloud.scratch import scratch_folder
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, out, print_json, print_whole
from chat4all_local.traffic.participants import channels_in_turn, start_conversations

MESSAGES: Final = 240
CONVERSATIONS: Final = 200
FEW_MESSAGES: Final = 100
"""With at most this many messages, a run has fewer conversations: creating them takes long."""
FEWEST_CONVERSATIONS: Final = 24
"""With fewer, all scenarios together would exceed a provider's limit of messages to one person."""


def run(names: Sequence[str], *, messages: int, report: str | None, json_output: bool) -> int:
    """Run scenarios and return the exit code: 0 if no message was lost, out of order or wrongly repeated.

    Raises CloudError.
    """
    console = err if json_output else out
    chosen = choose(names)
    if report is not None:
        _prepare(Path(report))
    machine, began = this_machine(), time.monotonic()
    outcomes = perform(chosen, messages=messages, console=console)
    show(console, outcomes)
    if report is not None:
        written = write_report(Path(report), outcomes, machine, time.monotonic() - began)
        console.print(f"The report: {written}", soft_wrap=True)
    if json_output:
        print_json(result(outcomes))
    return 1 if any(outcome.wrongs for outcome in outcomes) else 0


def perform(scenarios: Sequence[Scenario], *, messages: int, console: Console) -> list[Outcome]:
    """Run the scenarios on a temporary cloud, which is stopped in every case.

    Raises CloudError, ApiError, ApiUnreachable, and Stopped for a signal.
    """
    outcomes: list[Outcome] = []
    with (
        stopped_by_signals(),
        scratch_folder() as folder,
        ProgressDisplay(console) as progress,
        cloud_under_test(folder, progress) as under_test,
    ):
        with step(progress, "Create an agent, customers, conversations"):
            count = CONVERSATIONS if messages > FEW_MESSAGES else max(FEWEST_CONVERSATIONS, messages // 2)
            conversations = start_conversations(
                under_test.api, under_test.simulators, channels_in_turn(count)
            )
        for setting, neighbours in groupby(scenarios, key=lambda scenario: scenario.setting):
            with setting(under_test):
                for scenario in neighbours:
                    with progress.narrated(f"Run {scenario.name}") as tell:
                        outcomes.append(run_scenario(scenario, under_test, conversations, messages, tell))
                    console.print(verdict(outcomes[-1]), soft_wrap=True)
    return outcomes


def _prepare(folder: Path) -> None:
    """Check that the folder is writable before the long run, not after it. Raises CloudError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise CloudError(
            f"{folder} is not writable: {error.strerror}", "name another folder: --report DIR"
        ) from error


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print the table at the terminal's width; into a pipe or a file, at its natural width."""
    console.print()
    if console.is_terminal:
        console.print(table(outcomes))
    else:
        print_whole(table(outcomes), console)
    console.print()
