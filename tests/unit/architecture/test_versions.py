"""Callers call the last published version, each release publishes a version, and alarms watch a canary."""

import functools
import json
import random
import re
import secrets
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import snapshot_restore_py
from aws_lambda_powertools.metrics import EphemeralMetrics

from chat4all.bootstrap import runtime
from chat4all_local.cloud.checkout import program
from chat4all_local.cloud.settings import ALIAS
from tests.integration.template import ROOT, Template, environment, functions, read
from tests.unit.architecture.entry_points import loaded

FUNCTIONS: Final = sorted(functions(Template()))
CALLERS: Final = {
    "AWS::ApiGateway::RestApi",
    "AWS::CloudFormation::Stack",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
}

Resources = dict[str, dict[str, Any]]


@functools.cache
def transformed(*given: str) -> Resources:
    """Return the resources that SAM makes of the template, for parameters and the addresses of code."""
    python = program(".envs/sam", "python")
    script = Path(__file__).with_name("transformed.py")
    command = [str(python), str(script), str(ROOT / "template.yaml"), *given]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    resources: Resources = json.loads(made.stdout)["Resources"]
    return resources


def of_kind(resources: Resources, kind: str) -> Resources:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def logical_ids(resources: Resources) -> set[str]:
    return set(of_kind(resources, "AWS::Lambda::Function"))


def references(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """Yield the logical ids that a part of a template refers to."""
    if isinstance(part, list):
        yield from (name for item in part for name in references(item))
    elif isinstance(part, dict):
        for name, argument in part.items():
            if name == "Ref":
                yield argument
            elif name == "Fn::GetAtt":
                yield argument[0]
            else:
                yield from references(argument)
    elif isinstance(part, str):
        yield from re.findall(r"\$\{(\w+)", part)


def test_whatever_calls_a_function_calls_its_alias() -> None:
    resources = transformed("Scanner=guardduty")
    called = {
        name
        for resource in resources.values()
        if resource["Type"] in CALLERS
        for name in references(resource["Properties"])
    }

    assert not called & logical_ids(resources)
    assert {f"{function}Alias{ALIAS}" for function in logical_ids(resources)} <= called


def test_an_alias_is_at_the_version_of_this_release() -> None:
    resources = transformed()
    versions = of_kind(resources, "AWS::Lambda::Version")

    for function in logical_ids(resources):
        alias = resources[f"{function}Alias{ALIAS}"]["Properties"]
        version, _ = alias["FunctionVersion"]["Fn::GetAtt"]
        assert versions[version]["Properties"]["FunctionName"] == {"Ref": function}
    assert len(versions) == len(FUNCTIONS)


def test_each_build_publishes_every_function_anew() -> None:
    """Each build changes the core layer, which contains the time of the build."""
    before = set(of_kind(transformed(), "AWS::Lambda::Version"))

    after = set(of_kind(transformed("CoreLayer=s3://uploaded/another"), "AWS::Lambda::Version"))

    assert len(after) == len(FUNCTIONS)
    assert not before & after
    assert "$(SITE)/chat4all/built.txt" in (ROOT / "layers/core/Makefile").read_text(encoding="utf-8")


def test_a_layer_that_only_some_have_changes_those() -> None:
    before = set(of_kind(transformed(), "AWS::Lambda::Version"))

    after = set(of_kind(transformed("MediaLayer=s3://uploaded/another"), "AWS::Lambda::Version"))

    assert [logical_id.split("Version")[0] for logical_id in after - before] == ["FilesFunction"]


def test_a_canary_ends_when_an_alarm_of_its_function_goes_red() -> None:
    resources = transformed("Canary=true")
    groups = of_kind(resources, "AWS::CodeDeploy::DeploymentGroup")
    alarms = {alarm["AlarmName"] for alarm in Template().resources("AWS::CloudWatch::Alarm").values()}

    for name in FUNCTIONS:
        (function,) = (
            logical_id
            for logical_id, resource in of_kind(resources, "AWS::Lambda::Function").items()
            if resource["Properties"]["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
        )
        group = groups[f"{function}DeploymentGroup"]["Properties"]
        watched = {
            alarm["Name"]["Fn::Sub"].replace("${AWS::StackName}", "chat4all")
            for alarm in group["AlarmConfiguration"]["Alarms"]
        }
        assert f"chat4all-function-errors-{name}" in watched
        assert watched <= alarms
        assert ("chat4all-api-5xx" in watched) == (name in {"api", "webhooks"})
        assert group["AutoRollbackConfiguration"]["Enabled"]
        policy = resources[f"{function}Alias{ALIAS}"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert policy["DeploymentGroupName"] == {"Ref": f"{function}DeploymentGroup"}
    assert len(groups) == len(FUNCTIONS)


def test_there_is_no_canary_unless_one_asks_for_it() -> None:
    assert not [
        name
        for name, resource in transformed().items()
        if "CodeDeploy" in resource["Type"] or "UpdatePolicy" in resource
    ]


def test_a_canary_without_alarms_is_refused() -> None:
    rule = read("template.yaml")["Rules"]["CanaryWatchesAlarms"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Canary"}, "true"]}
    (assertion,) = rule["Assertions"]
    needed = [{"Fn::Equals": [{"Ref": "Monitoring"}, "true"]}, {"Fn::Equals": [{"Ref": "Cloud"}, "aws"]}]
    assert assertion["Assert"] == {"Fn::And": needed}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_snapshots_are_taken_where_lambda_can(name: str) -> None:
    def asked(**parameters: str) -> Any:  # noqa: ANN401 - any part of a template
        return functions(Template(parameters=parameters))[name].get("SnapStart")

    assert asked(SnapStart="true") == {"ApplyOn": "PublishedVersions"}
    assert asked() is None
    assert asked(SnapStart="true", Cloud="local") is None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_snapshot_holds_nothing_that_must_differ(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All environments start from the same snapshot and would share any id, time or connection in it."""

    def refused(*_args: object, **_more: object) -> None:
        raise AssertionError(f"{name} does at its start what each environment must do for itself")

    monkeypatch.setattr("chat4all.bootstrap.telemetry.Metrics", EphemeralMetrics)
    function = functions(Template())[name]
    for variable, value in environment(function).items():
        monkeypatch.setenv(variable, value)
    for module, attribute in (
        (uuid, "uuid4"),
        (secrets, "token_hex"),
        (secrets, "token_urlsafe"),
        (random, "random"),
        (runtime, "now"),
        (runtime, "new_id"),
        (socket.socket, "connect"),
    ):
        monkeypatch.setattr(module, attribute, refused)

    assert callable(loaded(ROOT / function["CodeUri"] / "app.py").handler)


def test_chance_begins_anew_after_a_restore() -> None:
    snapshot = random.getstate()

    def restored() -> float:
        random.setstate(snapshot)
        for hook, arguments, named in snapshot_restore_py.get_after_restore():
            hook(*arguments, **named)
        return runtime.jitter()

    assert len({restored() for _ in range(20)}) == 20


def test_before_python_3_12_there_is_nothing_to_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)

    runtime.differ_after_restore()
