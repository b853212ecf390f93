import os
import re
import socket

import psutil
import pytest

from chat4all_local.cloud.errors import NotRunning
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.inspection import Health, inspect
from chat4all_local.cloud.processes import identify
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.state import Component, Phase, State


def test_a_component_that_ends_while_it_is_looked_at_is_no_error(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = Component("ministack", identify(os.getpid()), {}, "ministack.log")
    folder.write(State(phase=Phase.READY, components=(component,)))

    def gone(process: psutil.Process, **_: bool) -> list[psutil.Process]:
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "children", gone)

    with folder.locked():
        seen = inspect(folder)

    assert [seen_component.name for seen_component in seen.components] == ["ministack"]
    assert seen.functions == ()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State(phase=Phase.READY), "its launcher was killed"),
        (State(phase=Phase.STARTING), "its launcher was killed"),
        (State(phase=Phase.STOPPED), ""),
        (State(phase=Phase.STOPPED, ended="nanio ended (exit 1)"), "nanio ended (exit 1)"),
    ],
)
def test_why_no_cloud_runs_is_told(folder: StateFolder, state: State, why: str) -> None:
    folder.write(state)

    inspection = inspect(folder)

    assert (inspection.phase, inspection.ended) == (Phase.STOPPED, why)
    with pytest.raises(NotRunning, match=f"not running: {re.escape(why)}" if why else "not running$"):
        connect(folder)


def test_a_cloud_that_is_not_ours_is_asked_too(folder: StateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"http://127.0.0.1:{server.getsockname()[1]}"
        folder.write(State(phase=Phase.READY, backend="external", aws_url=here))
        with folder.locked():
            assert [(component.name, component.health) for component in inspect(folder).components] == [
                ("external cloud", Health.UP)
            ]

    with folder.locked():
        assert [component.health for component in inspect(folder).components] == [Health.SILENT]
