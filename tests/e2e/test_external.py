"""`up --backend external` on a cloud that was started elsewhere.

The cloud is a plain MiniStack, whose S3 also holds the files.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.ministack import ministack
from chat4all_local.cloud.checkout import program
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.launch import launched, wait_until_healthy
from chat4all_local.cloud.ports import choose_ports, url
from chat4all_local.cloud.settings import STACK
from chat4all_local.cloud.start import started
from tests.e2e.stage import LAST_STATUS, stage_of


@pytest.fixture
def somebodys_cloud(tmp_path: Path) -> Iterator[str]:
    folder = StateFolder(tmp_path / "theirs")
    folder.create()
    (port,) = choose_ports(["ministack"], {}).values()
    plan = ministack(folder, port, [str(program(".envs/cloud", "ministack"))], {})
    with launched(folder, uuid.uuid4().hex, [plan]) as running:
        wait_until_healthy(running)
        yield url(port)


def test_a_cloud_that_runs_already_is_deployed_to_and_left_running(
    somebodys_cloud: str, tmp_path: Path
) -> None:
    with started(tmp_path / "ours", backend=External(somebodys_cloud)) as cloud, stage_of(cloud) as stage:
        assert cloud.aws.endpoint == somebodys_cloud
        for channel, last in LAST_STATUS.items():
            customer = stage.customer(channel)
            stage.reaches(stage.say(stage.talk(customer), f"over {channel}"), last)
            assert stage.texts(customer) == [f"over {channel}"]

    stacks = Aws(somebodys_cloud, somebodys_cloud).cloudformation().describe_stacks(StackName=STACK)
    assert stacks["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
