"""`chat4all demo`: start a cloud, run the demo, judge its result, and remove the cloud."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from chat4all_local.cloud.progress import step
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.scratch import scratch_folder
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, out, print_json
from chat4all_local.demo.display import messages_shown
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.files.making import make_files
from chat4all_local.demo.files.props import VIDEO_BYTES
from chat4all_local.demo.kinds.judging import KindsVerdict
from chat4all_local.demo.recording import write_svg
from chat4all_local.demo.result import result
from chat4all_local.demo.run import Outcome, run_on
from chat4all_local.demo.summary import summary
from chat4all_local.demo.table import moving_table


def run(channels: Sequence[str], *, json_output: bool, svg: Path | None = None) -> int:
    """Run the demo over `channels` and return the exit code.

    It is 0 if every message and file arrived completely, once and in order, and reached its last status, and
    if each app showed every kind that it has. With
    `json_output` only the result goes to stdout. `svg` names a file for a picture of the final state.

    Raises CloudError, TransferFailed, ApiError, ApiUnreachable, and Stopped for a signal. In every case the
    cloud is stopped, and its folder is removed.
    """
    console = err if json_output else out
    began = time.monotonic()
    outcome, files, kinds = perform(console, channels)
    end = summary(outcome, files, kinds, time.monotonic() - began)
    console.print(end)
    if svg is not None:
        write_svg(svg, moving_table(outcome.verdict.rows), end)
    if json_output:
        print_json(result(outcome.verdict, files, kinds))
    return 0 if outcome.verdict.is_good and files.is_good and kinds.is_good else 1


def perform(console: Console, channels: Sequence[str]) -> tuple[Outcome, FilesVerdict, KindsVerdict]:
    with stopped_by_signals(), ExitStack() as stack:
        with ProgressDisplay(console) as progress:
            folder = stack.enter_context(scratch_folder(2 * VIDEO_BYTES))
            cloud = stack.enter_context(started(folder, progress=progress))
        try:
            return _perform_on(cloud, console, channels)
        finally:
            with ProgressDisplay(console) as progress, step(progress, "Stop the local cloud"):
                stack.close()


def _perform_on(
    cloud: Cloud, console: Console, channels: Sequence[str]
) -> tuple[Outcome, FilesVerdict, KindsVerdict]:
    people = f"an agent, {len(channels)} customers, {len(channels) + 1} conversations"
    folder = cloud.folder.demo
    with run_on(cloud, channels) as demo:
        with (
            ProgressDisplay(console) as progress,
            step(progress, f"Create {people}"),
        ):
            stage = demo.set_up()
        with messages_shown(console, "Exchange messages") as show:
            outcome = demo.perform(stage, show)
        with ProgressDisplay(console) as progress, step(progress, "Create two photos and a video"):
            made = make_files(folder)
        with ProgressDisplay(console) as progress:
            files = demo.exchange_files(stage, made, outcome.observed, progress, folder / "uploads")
        with (
            ProgressDisplay(console) as progress,
            step(progress, "Exchange templates, buttons, places, reactions and voice notes"),
        ):
            return outcome, files, demo.exchange_kinds(stage)
