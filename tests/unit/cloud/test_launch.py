import sys
from collections.abc import Iterable

import psutil
import pytest

from chat4all_local.cloud import launch
from chat4all_local.cloud.backends.backend import Plan
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.processes import stop
from tests.unit.cloud.conftest import SLEEP


def test_all_components_end_though_a_signal_comes_while_they_are_stopped(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = iter([KeyboardInterrupt])

    def interrupted(processes: Iterable[psutil.Process], within: float) -> None:
        for signal in signals:
            raise signal
        stop(processes, within)

    monkeypatch.setattr(launch, "stop", interrupted)
    plans = [Plan(name, (sys.executable, "-c", SLEEP), {}, {}) for name in ("nanio", "ministack")]

    with pytest.raises(KeyboardInterrupt), launch.launched(folder, "run", plans) as running:
        assert [component.process.poll() for component in running] == [None, None]

    assert None not in [component.process.poll() for component in running]
