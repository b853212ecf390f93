"""The default local cloud, shared by the whole run."""

from collections.abc import Iterator

import pytest

from chat4all_local.cloud.running import Cloud
from tests.e2e.stage import Stage, behaving_again, stage_of


@pytest.fixture(scope="session")
def cloud(ministack: Cloud) -> Cloud:
    return ministack


@pytest.fixture(scope="session")
def running_stage(cloud: Cloud) -> Iterator[Stage]:
    with stage_of(cloud) as stage:
        yield stage


@pytest.fixture
def stage(running_stage: Stage) -> Iterator[Stage]:
    with behaving_again(running_stage):
        yield running_stage
