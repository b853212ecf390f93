import os

import pytest

from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.kept_data import unsaved
from chat4all_local.cloud.state import State

LOG = """12:00:00 WARNING ministack: slow
12:00:01 ERROR ministack: Persistence: failed to save dynamodb: [Errno 28] No space left on device
12:00:01 ERROR ministack: Persistence: failed to save sqs: [Errno 28] No space left on device
"""


def test_what_was_not_saved_is_told_with_its_reason(folder: StateFolder) -> None:
    (folder.logs / "ministack.log").write_text(LOG)

    assert unsaved(folder) == "[Errno 28] No space left on device (2 services)"


def test_where_all_was_saved_there_is_nothing_to_tell(folder: StateFolder) -> None:
    assert unsaved(folder) == ""
    (folder.logs / "ministack.log").write_text("12:00:00 WARNING ministack: slow\n")
    assert unsaved(folder) == ""


@pytest.mark.parametrize(
    "backend", [LocalStack(), External("http://127.0.0.1:4566")], ids=lambda backend: str(backend.name)
)
def test_what_an_earlier_ministack_could_not_save_is_not_told_of_another_cloud(
    folder: StateFolder, backend: Backend
) -> None:
    (folder.logs / "ministack.log").write_text(LOG)

    assert MiniStack().unsaved(folder)
    assert backend.unsaved(folder) == ""


READY_AT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("written_at", "told"), [(READY_AT - 60, "MiniStack was killed"), (READY_AT + 60, "")]
)
def test_data_that_are_older_than_the_run_are_told_as_lost(
    folder: StateFolder, written_at: float, told: str
) -> None:
    folder.write(State(ready_since=READY_AT))
    data = folder.ministack / "dynamodb.json"
    data.write_text("{}")
    os.utime(data, (written_at, written_at))

    assert unsaved(folder) == told


def test_a_first_run_that_was_killed_left_nothing(folder: StateFolder) -> None:
    folder.write(State(ready_since=READY_AT))

    assert unsaved(folder) == "MiniStack was killed"


@pytest.mark.parametrize("state", [State(), State(backend="localstack", ready_since=READY_AT)])
def test_a_run_without_data_of_ministack_lost_none(folder: StateFolder, state: State) -> None:
    folder.write(state)

    assert unsaved(folder) == ""
