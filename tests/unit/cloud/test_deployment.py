import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.stub import ANY, Stubber

from chat4all.channels.registry import names
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import Build, forget_old_builds
from chat4all_local.cloud.deployment import deploy, let_live_follow, parameters
from chat4all_local.cloud.errors import DeploymentFailed
from chat4all_local.cloud.state import Component, ProcessId, State


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


class Deployed:
    """A stack that a stubbed CloudFormation describes; `deploy` deploys a build without artifacts."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.build = Build("digest")
        monkeypatch.setattr(Build, "package", FakePackage())
        self.client = Aws("http://127.0.0.1:9", "http://127.0.0.1:9").cloudformation()
        monkeypatch.setattr(Aws, "cloudformation", lambda _: self.client)
        self.stub = Stubber(self.client)

    def finds(self, *statuses: str) -> None:
        for status in statuses:
            stack = {"StackName": "chat4all", "CreationTime": datetime.now(UTC), "StackStatus": status}
            self.stub.add_response("describe_stacks", {"Stacks": [stack]})

    def finds_nothing(self) -> None:
        self.stub.add_client_error("describe_stacks", "ValidationError")

    def takes_a_change(self, kind: str, status: str = "CREATE_COMPLETE", reason: str = "") -> None:
        wanted = {
            "StackName": "chat4all",
            "ChangeSetName": ANY,
            "ChangeSetType": kind,
            "TemplateURL": "http://127.0.0.1:9/bucket/root.json",
            "Parameters": [{"ParameterKey": "Cloud", "ParameterValue": "local"}],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Tags": [{"Key": "chat4all-digest", "Value": ANY}],
        }
        self.stub.add_response("create_change_set", {}, wanted)
        self.stub.add_response("describe_change_set", {"Status": status, "StatusReason": reason})

    def executes_it(self, *earlier: dict[str, object]) -> None:
        """Execute the change set; `earlier` are the events of earlier deployments."""
        self.stub.add_response("describe_stack_events", {"StackEvents": list(earlier)})
        self.stub.add_response("execute_change_set", {})

    def deploy(self) -> None:
        with self.stub:
            deploy(State(stack="chat4all"), self.build, {"Cloud": "local"})
        self.stub.assert_no_pending_responses()


class FakePackage:
    def upload(self, aws: Aws) -> str:
        """Upload nothing."""
        return "http://127.0.0.1:9/bucket/root.json"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    return Deployed(tmp_path, monkeypatch)


def test_a_new_stack_is_created_and_awaited(stack: Deployed) -> None:
    stack.finds_nothing()
    stack.takes_a_change("CREATE")
    stack.executes_it()
    stack.finds("CREATE_IN_PROGRESS", "CREATE_COMPLETE")

    stack.deploy()


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
        ("REVIEW_IN_PROGRESS", "CREATE"),
    ],
)
def test_a_stack_is_updated_where_it_was_once_created(stack: Deployed, before: str, kind: str) -> None:
    stack.finds(before)
    stack.takes_a_change(kind)
    stack.executes_it()
    stack.finds("UPDATE_COMPLETE")

    stack.deploy()


def test_a_stack_whose_first_deployment_failed_is_deleted_and_created(stack: Deployed) -> None:
    stack.finds("ROLLBACK_COMPLETE")
    stack.stub.add_response("delete_stack", {}, {"StackName": "chat4all"})
    stack.finds("DELETE_IN_PROGRESS")
    stack.finds_nothing()
    stack.takes_a_change("CREATE")
    stack.executes_it()
    stack.finds("CREATE_COMPLETE")

    stack.deploy()


def test_a_failed_deployment_names_the_resources_that_failed_and_why(stack: Deployed) -> None:
    earlier = _event("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "An earlier deployment's reason")
    stack.finds("UPDATE_ROLLBACK_COMPLETE")
    stack.takes_a_change("UPDATE")
    stack.executes_it(earlier)
    stack.finds("UPDATE_ROLLBACK_COMPLETE")
    events = [
        _event("Api", "AWS::Lambda::Function", "UPDATE_FAILED", "Resource update cancelled"),
        _event("Api", "AWS::Lambda::Function", "UPDATE_IN_PROGRESS", ""),
        _event("Table", "AWS::DynamoDB::Table", "UPDATE_FAILED", "An index cannot change"),
        earlier,
    ]
    stack.stub.add_response("describe_stack_events", {"StackEvents": events})

    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE") as failed:
        stack.deploy()
    assert failed.value.log.splitlines() == [
        "Table (AWS::DynamoDB::Table): An index cannot change",
        "Api (AWS::Lambda::Function): Resource update cancelled",
    ]


def test_a_refused_template_and_a_refused_change_tell_the_reason(stack: Deployed) -> None:
    stack.finds_nothing()
    stack.stub.add_client_error("create_change_set", "ValidationError", "Template format error")
    with pytest.raises(DeploymentFailed) as refused:
        stack.deploy()
    assert "Template format error" in refused.value.log

    stack.finds("CREATE_COMPLETE")
    stack.takes_a_change("UPDATE", "FAILED", "No export named x")
    with pytest.raises(DeploymentFailed) as refused:
        stack.deploy()
    assert refused.value.log == "No export named x"


def test_a_change_set_without_changes_is_not_executed(stack: Deployed) -> None:
    stack.finds("UPDATE_COMPLETE")
    stack.takes_a_change("UPDATE", "FAILED", "The submitted information didn't contain changes. Submit ...")

    stack.deploy()


def _event(name: str, kind: str, status: str, reason: str) -> dict[str, object]:
    return {
        "StackId": "id",
        "EventId": f"{name}-{status}",
        "StackName": "chat4all",
        "LogicalResourceId": name,
        "ResourceType": kind,
        "Timestamp": datetime.now(UTC),
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
