import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.stub import Stubber

from chat4all.channels.registry import names
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import forget_old_builds
from chat4all_local.cloud.deployment import let_live_follow, parameters
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.kept_data import forget_before, remember_before, undo_interrupted
from chat4all_local.cloud.state import Component, ProcessId, State


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path)
    made.create()
    (made.ministack / "dynamodb.json").write_text("messages")
    return made


def replace_file(path: Path, text: str) -> None:
    """Replace the file as MiniStack does when it saves."""
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)


def test_a_deployment_that_was_cut_short_never_was(folder: StateFolder) -> None:
    # Given a deployment that wrote half of its changes and did not finish
    remember_before(folder)
    replace_file(folder.ministack / "dynamodb.json", "half")
    (folder.ministack / "cloudformation.json").write_text("CREATE_IN_PROGRESS")
    # When the cloud starts again
    undo_interrupted(folder)
    # Then the data are as they were before the deployment
    assert {path.name: path.read_text() for path in folder.ministack.iterdir()} == {
        "dynamodb.json": "messages"
    }
    assert not folder.before_deployment.exists()


def test_a_deployment_that_came_to_its_end_stays(folder: StateFolder) -> None:
    remember_before(folder)
    replace_file(folder.ministack / "dynamodb.json", "more messages")
    forget_before(folder)
    undo_interrupted(folder)
    assert (folder.ministack / "dynamodb.json").read_text() == "more messages"


def test_a_deployment_whose_copy_is_being_removed_stays(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a finished deployment, and a signal while the copy from before the deployment is removed
    (folder.ministack / "sqs.json").write_text("queues")
    remember_before(folder)
    for name in ("dynamodb.json", "sqs.json"):
        replace_file(folder.ministack / name, "more")

    def cut_short(path: Path, **_: object) -> None:
        if path.exists():
            next(path.iterdir()).unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", cut_short)
        with pytest.raises(KeyboardInterrupt):
            forget_before(folder)
    # When the cloud starts again
    undo_interrupted(folder)
    # Then the data are as the deployment left them
    assert {path.name: path.read_text() for path in folder.ministack.iterdir()} == {
        "dynamodb.json": "more",
        "sqs.json": "more",
    }


def test_the_deployment_after_an_interrupted_one_is_undone_to_the_same_point(folder: StateFolder) -> None:
    for _ in range(2):
        remember_before(folder)
        replace_file(folder.ministack / "dynamodb.json", "half")
        undo_interrupted(folder)
    assert (folder.ministack / "dynamodb.json").read_text() == "messages"


def test_the_connectors_are_pointed_at_the_simulators() -> None:
    urls = {name: f"http://127.0.0.1/{name}" for name in names()}
    state = State(components=(Component("simulators", ProcessId(1, 1.0), urls, "simulators.log"),))
    given = parameters(state, {})
    assert given["WhatsAppBaseUrl"] == urls["whatsapp"]
    assert {url for name, url in given.items() if name.endswith("BaseUrl")} == set(urls.values())
    assert given["Cloud"] == "local"


def test_only_the_builds_used_last_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "older", "oldest", "unfinished"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "lock").touch()
    forget_old_builds(tmp_path, kept=2)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "older", "unfinished", "lock"}


def test_half_of_a_forgotten_build_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = tmp_path / "old" / "template.yaml"
    template.parent.mkdir()
    template.touch()

    def cut_short(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", cut_short)
    with pytest.raises(KeyboardInterrupt):
        forget_old_builds(tmp_path, kept=0)

    assert not template.exists()


def test_every_function_of_the_stack_is_called_as_it_was_changed_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = Aws("http://127.0.0.1:1", "http://127.0.0.1:1")
    functions, formation = aws.functions(), aws.cloudformation()
    monkeypatch.setattr(Aws, "functions", lambda _: functions)
    monkeypatch.setattr(Aws, "cloudformation", lambda _: formation)
    resources = [
        {"ResourceType": kind, "PhysicalResourceId": name, "LogicalResourceId": "One"}
        | {"LastUpdatedTimestamp": datetime.now(UTC), "ResourceStatus": "CREATE_COMPLETE"}
        for kind, name in (
            ("AWS::Lambda::Function", "chat4all-api"),
            ("AWS::SQS::Queue", "a-queue"),
            ("AWS::Lambda::Function", "chat4all-relay"),
        )
    ]
    with Stubber(functions) as expected, Stubber(formation) as asked:
        asked.add_response("list_stack_resources", {"StackResourceSummaries": resources})
        for name in ("chat4all-api", "chat4all-relay"):
            given = {"FunctionName": name, "Name": "live", "FunctionVersion": "$LATEST"}
            expected.add_response("update_alias", {}, given)

        let_live_follow(aws, "chat4all")

        expected.assert_no_pending_responses()
