"""Every role has the boundary, which allows everything that the policies of the role allow."""

from fnmatch import fnmatchcase
from typing import Any, Final

import pytest

from tests.integration.permissions import Need, Role
from tests.integration.template import Template, functions
from tests.unit.architecture.test_release import statements

GITHUB: Final = Template("infra/github-oidc.yaml", {"Subject": "repo:o/r:environment:aws"})
BOUNDARY: Final = Role(
    {"Policies": [GITHUB.resources("AWS::IAM::ManagedPolicy")["Boundary"]["PolicyDocument"]]}
)
EVERYTHING: Final = {"Scanner": "guardduty", "Canary": "true", "PermissionsBoundary": "the-boundary"}
ON_SQS: Final = Template(parameters=EVERYTHING)
ON_KINESIS: Final = Template(parameters={**EVERYTHING, "EventStream": "kinesis"})

# The actions of AWS's own policies that SAM and the templates attach; each is allowed on every resource:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
MANAGED: Final = {
    "AWSLambdaBasicExecutionRole": "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents",
    "AWSXRayDaemonWriteAccess": "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules "
    "xray:GetSamplingTargets xray:GetSamplingStatisticSummaries",
    "AmazonAPIGatewayPushToCloudWatchLogs": "logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups "
    "logs:DescribeLogStreams logs:PutLogEvents logs:GetLogEvents logs:FilterLogEvents",
}


def within(need: Need) -> bool:
    """Return whether the boundary allows the action, whose name may be a pattern in the boundary."""
    return any(
        any(fnmatchcase(need.action, action) for action in actions)
        and any(fnmatchcase(need.resource, resource) for resource in resources)
        for actions, resources in BOUNDARY.statements
    )


def roles(template: Template) -> dict[str, dict[str, Any]]:
    return {**functions(template), **template.resources("AWS::IAM::Role")}


@pytest.mark.parametrize("template", [ON_SQS, ON_KINESIS], ids=["sqs", "kinesis"])
def test_it_lets_every_role_do_what_its_policies_allow(template: Template) -> None:
    granted = {
        (name, grant)
        for name, role in roles(template).items()
        for policy in role.get("Policies", [])
        for grant in Role({"Policies": [policy.get("PolicyDocument", policy)]}).grants()
    }

    assert len(granted) > 100
    assert not {grant for grant in granted if not within(grant[1])}


@pytest.mark.parametrize("policy", MANAGED)
def test_it_lets_the_attached_policies_of_aws_work(policy: str) -> None:
    assert all(within(Need(action, "*")) for action in MANAGED[policy].split())


def test_it_lets_codedeploy_shift_calls() -> None:
    alias = "arn:aws:lambda:us-east-1:123456789012:function:chat4all-api:live"

    assert all(within(Need(f"lambda:{action}", alias)) for action in ("GetAlias", "UpdateAlias"))


@pytest.mark.parametrize(
    "need",
    [
        Need("iam:CreateRole", "*"),
        Need("sts:AssumeRole", "*"),
        Need("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/payroll"),
        Need("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:123456789012:table/chat4all-messages"),
        Need("s3:GetObject", "arn:aws:s3:::somebody-elses/file"),
        Need("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:123456789012:function:chat4all-api"),
    ],
    ids=str,
)
def test_it_ends_where_the_stack_ends(need: Need) -> None:
    assert not within(need)


@pytest.mark.parametrize("template", [ON_SQS, ON_KINESIS], ids=["sqs", "kinesis"])
def test_every_role_has_it(template: Template) -> None:
    assert {name: role.get("PermissionsBoundary") for name, role in roles(template).items()} == dict.fromkeys(
        roles(template), "the-boundary"
    )


def test_a_role_without_it_is_neither_made_nor_given_more() -> None:
    powers = {"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}

    allowed = [statement for statement in statements("ExecutionRole") if statement["Effect"] == "Allow"]

    (giving,) = (statement for statement in allowed if powers & set(statement["Action"]))
    assert powers <= set(giving["Action"])
    assert set(giving["Condition"]["StringEquals"]) == {"iam:PermissionsBoundary"}
    text = str(allowed)
    assert not [name for name in ("iam:*", "PolicyVersion", "DeleteRolePermissionsBoundary") if name in text]
