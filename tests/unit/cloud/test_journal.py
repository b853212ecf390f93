"""What the report of MiniStack's journal means for the user."""

from pathlib import Path

import pytest

from chat4all_local.cloud.errors import NotSaved
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.journal import NOT_SAVED_CODE, JournalReport, unsaved_by
from chat4all_local.cloud.state import State


def test_a_start_after_a_kill_names_the_number_of_replayed_changes() -> None:
    report = JournalReport(1234, ("dynamodb", "sqs", "lambda"), 0.21, was_stopped=False)

    assert report.recovery == "replayed 1,234 changes of 3 services in 0.2 s"


def test_a_start_after_a_clean_stop_names_nothing() -> None:
    assert JournalReport(1234, ("dynamodb",), 0.21, was_stopped=True).recovery == ""


def test_a_start_names_a_damaged_journal_even_after_a_clean_stop() -> None:
    recovery = JournalReport(2, ("sqs",), 0.1, cut="00000000.journal: cut at byte 7").recovery

    assert recovery.endswith("; the journal was damaged: 00000000.journal: cut at byte 7")


@pytest.mark.parametrize(
    ("code", "reason"),
    [(0, ""), (NOT_SAVED_CODE, "could not be stored"), (-9, "was killed"), (None, "killed")],
)
def test_a_stop_that_did_not_save_everything_gives_the_reason(code: int | None, reason: str) -> None:
    unsaved = unsaved_by(code)

    assert reason in unsaved
    assert bool(unsaved) == bool(reason)


def test_a_state_that_cannot_be_written_is_an_error_with_its_reason(folder: StateFolder) -> None:
    Path(folder.path / "state.new").mkdir()

    with pytest.raises(NotSaved, match="cannot be written: Is a directory"):
        folder.write(State())
