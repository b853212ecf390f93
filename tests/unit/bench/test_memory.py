import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chat4all_local.bench.pipeline.memory import watched
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import identify, memory_of
from chat4all_local.cloud.state import Component, ProcessId, State


def test_the_memory_of_a_process_is_there_in_bytes() -> None:
    process = psutil.Process()

    used = memory_of(process)

    assert 1_000_000 < used <= process.memory_info().rss * 1.1


def test_a_component_s_memory_is_looked_at_as_long_as_the_block_runs(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    component = Component("ministack", identify(os.getpid()), {}, "")
    folder.write(State(components=(component,)))

    with watched(folder) as watch:
        pass

    assert watch.samples
    assert watch.samples[0].uses["ministack"].processes == 1
    assert watch.samples[0].memory > 0


def test_a_component_that_has_ended_takes_no_memory(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    gone = identify(os.getpid())
    component = Component("ministack", ProcessId(gone.pid, gone.started - 1000), {}, "")
    folder.write(State(components=(component,)))

    with watched(folder) as watch:
        pass

    assert watch.samples[0].memory == 0


def test_a_child_that_has_just_gone_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = StateFolder(tmp_path)
    folder.create()
    folder.write(State(components=(Component("ministack", identify(os.getpid()), {}, ""),)))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        with subprocess.Popen([sys.executable, "-c", ""]) as ended:
            gone = psutil.Process(ended.pid)
        children = [gone, psutil.Process(living.pid)]
        monkeypatch.setattr(psutil.Process, "children", lambda *_, **__: children)
        monkeypatch.setattr(gone, "create_time", lambda: psutil.Process(gone.pid).create_time())

        with watched(folder) as watch:
            pass

    assert watch.samples[0].uses["others"].processes == 1
