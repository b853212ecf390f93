import os
from pathlib import Path

import psutil

from chat4all_local.bench.processor import Stopwatch
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import identify
from chat4all_local.cloud.state import Component, ProcessId, State


def a_folder(path: Path, process: ProcessId) -> StateFolder:
    folder = StateFolder(path)
    folder.create()
    folder.write(State(components=(Component("ministack", process, {}, ""),)))
    return folder


def compute(seconds: float) -> None:
    """Take so much processor time."""
    before = psutil.Process().cpu_times().user
    while psutil.Process().cpu_times().user < before + seconds:
        pass


def test_the_processor_time_of_a_block_is_that_of_its_component(tmp_path: Path) -> None:
    watch = Stopwatch(a_folder(tmp_path, identify(os.getpid())), idle_s=0.05)

    with watch.running() as used:
        compute(0.2)

    assert used["ministack"] > 0


def test_what_the_idle_cloud_takes_is_not_counted(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, identify(os.getpid()))
    watch = Stopwatch(folder, idle_s=0.05)
    watch._idle = {"ministack": 1_000.0}

    with watch.running() as used:
        compute(0.05)

    assert used["ministack"] == 0


def test_a_component_that_has_ended_takes_no_time(tmp_path: Path) -> None:
    gone = identify(os.getpid())
    watch = Stopwatch(a_folder(tmp_path, ProcessId(gone.pid, gone.started - 1_000)), idle_s=0.05)

    with watch.running() as used:
        compute(0.05)

    assert sum(used.values()) == 0
