"""One local cloud for the whole run, in a folder and on ports of its own."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
import pytest

from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.start import started
from chat4all_local.simulators.client import SettingsChanges, Simulator
from tests.e2e.api import Api
from tests.e2e.stage import Stage


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """A run that is told to end tears its fixtures down, as it does after Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with _sigterm_as_ctrl_c(), started() as running:
        yield running


@pytest.fixture(scope="session")
def running_stage(cloud: Cloud) -> Iterator[Stage]:
    with ExitStack() as stack:
        simulators = {
            channel: stack.enter_context(Simulator(url)) for channel, url in cloud.simulators.items()
        }
        api = Api(cloud.api_url, cloud.api_key)
        stack.callback(api.close)
        yield Stage(cloud, api, simulators)


@pytest.fixture
def stage(running_stage: Stage) -> Iterator[Stage]:
    """The cloud, whose providers behave again after the test, whatever it asked of them."""
    settings = {channel: one.settings() for channel, one in running_stage.simulators.items()}
    yield running_stage
    for channel, simulator in running_stage.simulators.items():
        simulator.clear_faults()
        simulator.configure(**msgspec.convert(msgspec.to_builtins(settings[channel]), SettingsChanges))
