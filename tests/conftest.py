"""The set-up of all tests: the settings of hypothesis, and the running clouds.

Hypothesis has no deadlines, and the same examples in every CI run. Each cloud starts once, when a test first
needs it, in a folder and on ports of its own.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.start import started

settings.register_profile(
    "chat4all",
    # A property must not fail because the machine is busy with something else.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
    database=None,
)
settings.load_profile("chat4all")

ANOTHER_STACK: Final = "desk-7"
"""The stack of the e2e and smoke tests on MiniStack. All other clouds have `chat4all`."""

_LAST: Final = "test_logs.py"

_CLOUDS = {
    "chaos": "of its own",
    "test_lifecycle": "of its own",
    "test_external": "of its own",
    "localstack": "localstack",
    "kinesis": "localstack",
    "test_accounts": "another ministack",
    "test_batches": "another ministack",
}
"""The cloud that a test needs, by a word in its path or name. All other tests need the default cloud.

Tests that wait for most of their time have another cloud, so that two processes have as much to do.
"""


class _ByCloud(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return next((cloud for word, cloud in _CLOUDS.items() if word in nodeid), "ministack")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are cores, since some tests wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Send all tests on one cloud to one process with `--dist loadgroup`, so that each cloud is started once.

    Marks would be the usual way, but pytest-xdist 3.8 loses them with pytest 9.2.
    """
    return _ByCloud(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that read a cloud's logs after all others; pytest-xdist keeps the order."""
    items.sort(key=lambda item: item.path.name == _LAST)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Tear the fixtures down after SIGTERM, too, as after Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def ministack() -> Iterator[Cloud]:
    with _sigterm_as_ctrl_c(), started(backend=MiniStack(), stack_name=ANOTHER_STACK) as running:
        yield running


@pytest.fixture(scope="session")
def localstack() -> Iterator[Cloud]:
    with _sigterm_as_ctrl_c(), started(backend=LocalStack()) as running:
        yield running
