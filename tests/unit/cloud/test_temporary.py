import os
import time
from pathlib import Path

import pytest

from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.temporary import STALE_S, remove_stale


def left_behind(base: Path, name: str = "chat4all-cloud-x", *, age_s: float = 2 * STALE_S) -> StateFolder:
    folder = StateFolder(base / name / "cloud")
    folder.create()
    with folder.locked():
        pass
    made_at = time.time() - age_s
    os.utime(folder.path, (made_at, made_at))
    return folder


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left_behind(tmp_path)
    remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [".", "cloud"])
def test_what_only_has_such_a_name_stays(tmp_path: Path, place: str) -> None:
    notes = tmp_path / "chat4all-cloud-notes" / place / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    for folder in (notes.parent, tmp_path / "chat4all-cloud-notes"):
        os.utime(folder, (0, 0))
    remove_stale(tmp_path)
    assert notes.read_text() == "mine"


def test_a_cloud_elsewhere_that_is_linked_to_stays(tmp_path: Path) -> None:
    mine = left_behind(tmp_path, "mine")
    (tmp_path / "chat4all-cloud-link").symlink_to(mine.path.parent)
    remove_stale(tmp_path)
    assert mine.path.exists()


def test_what_somebody_uses_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path)
    with folder.locked():
        remove_stale(tmp_path)
    assert folder.path.exists()


def test_a_folder_that_was_just_made_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path, age_s=0)
    remove_stale(tmp_path)
    assert folder.path.exists()


def test_what_has_another_name_stays(tmp_path: Path) -> None:
    folder = left_behind(tmp_path, "chat4all-other")
    remove_stale(tmp_path)
    assert folder.path.exists()
