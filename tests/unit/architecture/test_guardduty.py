"""Scanner=guardduty lets GuardDuty scan the files and report to the function; otherwise it is not set up."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.events.models import EventPattern

from chat4all.adapters.media.guardduty import scan_result
from tests.fakes.guardduty import event
from tests.integration.template import ACCOUNT, REGION, Template, environment, functions, read

TEMPLATE = Template(parameters={"Scanner": "guardduty"})
FILES = functions(TEMPLATE)["files"]
BUCKET = environment(FILES)["FILES_BUCKET"]
FILES_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FILES['FunctionName']}:live"
STATUSES = ["NO_THREATS_FOUND", "THREATS_FOUND", "UNSUPPORTED", "ACCESS_DENIED", "FAILED"]
KINDS = sorted({resource["Type"] for resource in read("infra/guardduty.yaml")["Resources"].values()})


def made(template: Template, kind: str) -> list[dict[str, Any]]:
    """Return the resources of a kind that GuardDuty's template creates."""
    return [
        properties for path, properties in template.resources(kind).items() if path.startswith("GuardDuty.")
    ]


def the(kind: str) -> dict[str, Any]:
    (found,) = made(TEMPLATE, kind)
    return found


def statements() -> Iterator[dict[str, Any]]:
    for policy in the("AWS::IAM::Role")["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def matches(told: dict[str, Any]) -> bool:
    pattern = json.dumps(the("AWS::Events::Rule")["EventPattern"])
    return EventPattern.load(pattern).matches_event(told)  # type: ignore[arg-type]  # a dict is what it is given


@pytest.mark.parametrize("status", STATUSES)
def test_what_guardduty_says_of_a_file_reaches_the_function_which_knows_it(status: str) -> None:
    told = event(status, bucket=BUCKET)

    assert matches(told)
    result = scan_result(told, BUCKET)
    assert result is not None
    assert result.file_id == "f1"


@pytest.mark.parametrize(
    "told",
    [
        event("THREATS_FOUND", bucket="another-bucket"),
        event("THREATS_FOUND", bucket=BUCKET, key="quarantine/f1"),
        {**event("THREATS_FOUND", bucket=BUCKET), "detail-type": "GuardDuty Finding"},
        {**event("THREATS_FOUND", bucket=BUCKET), "source": "somebody.else"},
    ],
    ids=["another bucket", "quarantine", "a finding", "another source"],
)
def test_nothing_else_does(told: dict[str, Any]) -> None:
    assert not matches(told)


def test_only_this_rule_may_call_the_function() -> None:
    rule, permission = the("AWS::Events::Rule"), the("AWS::Lambda::Permission")

    assert [target["Arn"] for target in rule["Targets"]] == [FILES_ARN]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": FILES_ARN,
        "Principal": "events.amazonaws.com",
        "SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule['Name']}",
    }


def test_the_plan_is_for_what_is_inspected() -> None:
    protected = the("AWS::GuardDuty::MalwareProtectionPlan")["ProtectedResource"]["S3Bucket"]

    assert protected == {"BucketName": BUCKET, "ObjectPrefixes": ["files/"]}
    assert environment(FILES)["SCANNER"] == "guardduty"


def test_the_scanners_role_reads_files_and_nothing_else_of_them() -> None:
    of_objects = {
        (action, statement["Resource"].removeprefix(f"arn:aws:s3:::{BUCKET}"))
        for statement in statements()
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("s3:")
    }

    assert of_objects == {
        ("s3:PutBucketNotification", ""),
        ("s3:GetBucketNotification", ""),
        ("s3:ListBucket", ""),
        ("s3:PutObject", "/malware-protection-resource-validation-object"),
        ("s3:GetObject", "/files/*"),
        ("s3:GetObjectVersion", "/files/*"),
    }


@pytest.mark.parametrize("scanner", [None, "yara", "clamd"])
def test_nothing_of_it_is_made_for_another_scanner(scanner: str | None) -> None:
    template = Template(parameters={"Scanner": scanner} if scanner else None)

    assert {kind: made(template, kind) for kind in KINDS} == {kind: [] for kind in KINDS}
    assert environment(functions(template)["files"])["SCANNER"] == (scanner or "yara")
