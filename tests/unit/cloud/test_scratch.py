from pathlib import Path

import pytest

from chat4all_local.cloud import scratch
from chat4all_local.cloud.scratch import has_space, scratch_folder


def test_where_memory_holds_no_files_the_disk_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_space(tmp_path / "missing")
    monkeypatch.setattr(scratch, "MEMORY", tmp_path / "missing")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch_folder() as folder:
        assert folder.parent.parent == tmp_path
    assert not folder.parent.exists()


def test_a_folder_that_is_too_small_is_not_roomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "NEEDED", 10**18)
    assert not has_space(tmp_path)
