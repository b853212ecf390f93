"""The display of progress, in a terminal and in a pipe."""

import io

import pytest
from rich.console import Console

from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.progress import Mark, Step, step
from chat4all_local.console.progress import ProgressDisplay


def pipe() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80), file


def terminal() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80, force_terminal=True), file


def test_steps_are_said_when_they_end_also_without_a_terminal() -> None:
    console, file = pipe()
    with ProgressDisplay(console) as progress:
        progress(Step("Build", Mark.STARTED))
        progress(Step("Build", Mark.DONE, 1.26))
        with pytest.raises(ValueError, match="broken"), step(progress, "Deploy"):
            raise ValueError("broken")
    lines = file.getvalue().splitlines()
    assert lines[0] == "✓ Build  1.3 s"
    assert lines[1].startswith("✗ Deploy  0.")


def test_a_terminal_shows_the_step_under_way() -> None:
    console, file = terminal()
    with ProgressDisplay(console) as progress:
        progress(Step("Build the functions", Mark.STARTED))
    assert "Build the functions" in file.getvalue()


def test_a_step_within_a_step_is_shown_beside_it() -> None:
    console, file = terminal()
    with ProgressDisplay(console) as progress, step(progress, "Run restart-cloud"):
        progress(Step("Start MiniStack", Mark.STARTED))
    last = file.getvalue().rpartition("Run restart-cloud")[2]
    assert "Start MiniStack" in last


def test_what_is_going_on_is_told_line_by_line_where_there_is_no_terminal() -> None:
    console, file = pipe()
    with ProgressDisplay(console) as progress, progress.narrated("Measure pipeline") as tell:
        tell("round [1]")
    lines = file.getvalue().splitlines()
    assert lines[0].startswith("Measure pipeline: round [1]")
    assert lines[1].startswith("✓ Measure pipeline")


def test_what_failed_is_marked_so() -> None:
    console, file = pipe()
    with (
        pytest.raises(CloudError),
        ProgressDisplay(console) as progress,
        progress.narrated("Measure pipeline"),
    ):
        raise CloudError("gone")
    assert file.getvalue().startswith("✗ Measure pipeline")


def test_without_a_terminal_a_transfer_ends_with_a_plain_line() -> None:
    console, file = pipe()
    with ProgressDisplay(console) as progress:
        advance = progress.transfer("video.mp4 up", 200_000_000)
        advance(150_000_000)
        advance(50_000_000)
    (line,) = file.getvalue().splitlines()
    assert "video.mp4 up: 200.0 of 200.0 MB, " in line
    assert line.endswith(" MB/s")
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (900, "900.0 of 900.0 bytes"),
        (15_000, "15.0 of 15.0 KB"),
        (999_999, "1,000.0 of 1,000.0 KB"),
        (1_000_000, "1.0 of 1.0 MB"),
        (2_147_483_648, "2,147.5 of 2,147.5 MB"),
    ],
)
def test_a_transfer_is_told_in_the_unit_that_fits_its_size(size: int, shown: str) -> None:
    console, file = pipe()
    with ProgressDisplay(console) as progress:
        progress.transfer("photo.png up", size)(size)
    (line,) = file.getvalue().splitlines()
    assert line.partition("photo.png up: ")[2].startswith(f"{shown}, ")


def test_in_a_terminal_there_is_a_bar_with_rate_and_time_left() -> None:
    console, file = terminal()
    with ProgressDisplay(console) as progress:
        advance = progress.transfer("video.mp4 to Rami", 200_000_000)
        advance(50_000_000)
    shown = file.getvalue()
    assert "50.0/200.0 MB" in shown
    assert "━" in shown
    assert "…" not in shown
    assert "MB/s" in shown or "GB/s" in shown or "TB/s" in shown
