import sys
from pathlib import Path

import pytest

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import Build
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.running import Cloud
from chat4all_local.sam_local import sam


def test_a_function_that_takes_too_long_has_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = "http://127.0.0.1:1"
    cloud = Cloud(here, "key", {}, Aws(here, here), StateFolder(tmp_path), "ministack")
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(sam, "_WITHIN_S", 0.1)
    monkeypatch.setattr(sam.SamLocal, "command", lambda *_: sleeping)

    done = sam.SamLocal(cloud, Build("digest"), tmp_path).invoke("RouterFunction", tmp_path / "event.json")

    assert done.returncode == 1
    assert "did not end" in done.stderr
