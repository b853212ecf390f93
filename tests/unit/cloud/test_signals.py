import os
import signal

import pytest

from chat4all_local.cloud.signals import Stopped, stopped_by_signals


def test_a_signal_becomes_an_exception_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, stopped_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_does_not_cut_the_stopping_short() -> None:
    steps = []

    def stop_slowly() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("stopped")

    with pytest.raises(Stopped), stopped_by_signals():
        stop_slowly()
    assert steps == ["stopped"]


def test_a_hang_up_that_was_ignored_is_still_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
