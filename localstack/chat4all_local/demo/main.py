"""`chat4all demo`: a cloud of its own, the play, the verdict, and nothing left behind."""

import time
from contextlib import ExitStack

import msgspec
from rich.console import Console

from chat4all_local.cli.progress_display import ProgressDisplay
from chat4all_local.cli.terminal import err, out, print_json
from chat4all_local.cloud.progress import step
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.start import started
from chat4all_local.demo.display import Display
from chat4all_local.demo.play import Outcome, play_on
from chat4all_local.demo.result import result
from chat4all_local.demo.scratch import scratch_folder
from chat4all_local.demo.summary import summary


def run(*, json_output: bool) -> int:
    """The exit code: 0 when every message arrived once, in order, and came to its last status.

    With `json_output` stdout gets the result and nothing else. Raises CloudError, ApiError, ApiUnreachable, and
    Stopped for a signal; the cloud is stopped and its folder removed in every case.
    """
    console = err if json_output else out
    began = time.monotonic()
    outcome = perform(console)
    console.print(summary(outcome, time.monotonic() - began))
    if json_output:
        print_json(msgspec.json.encode(result(outcome.verdict)))
    return 0 if outcome.verdict.is_good else 1


def perform(console: Console) -> Outcome:
    with stopped_by_signals(), ExitStack() as stack:
        with ProgressDisplay(console) as progress:
            folder = stack.enter_context(scratch_folder())
            cloud = stack.enter_context(started(folder, progress=progress))
        try:
            return _perform_on(cloud, console)
        finally:
            with ProgressDisplay(console) as progress, step(progress, "Stop everything"):
                stack.close()


def _perform_on(cloud: Cloud, console: Console) -> Outcome:
    with play_on(cloud) as play:
        with (
            ProgressDisplay(console) as progress,
            step(progress, "Create an agent, three customers, four conversations"),
        ):
            stage = play.set_up()
        with Display(console, "Messages out, answers back") as display:
            return play.perform(stage, display)
