"""Stacks of the same name can exist in several regions of an account."""

from typing import Any, Final

import pytest
from boto3 import Session

from tests.integration.template import ACCOUNT, ROOT, Template, read

NAMES: Final = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
}
"""The kinds of resources whose names are unique in the account or in the world, not only in a region."""
TEMPLATES: Final = ["template.yaml", *sorted(f"infra/{path.name}" for path in ROOT.glob("infra/*.yaml"))]
LONGEST_NAME: Final = "a" * 25
SUBJECT: Final = "repo:o/r:environment:aws"


def regions() -> list[str]:
    session = Session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition, allow_non_regional=False)
    ]


def named(path: str) -> dict[str, Any]:
    """Return the names that a template gives to resources of these kinds, by logical id."""
    return {
        logical_id: resource["Properties"][NAMES[resource["Type"]]]
        for logical_id, resource in read(path)["Resources"].items()
        if isinstance(resource, dict) and NAMES.get(resource["Type"]) in resource.get("Properties", {})
    }


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_name_that_regions_share_says_the_region(path: str) -> None:
    assert {
        logical_id for logical_id, name in named(path).items() if "${AWS::Region}" not in str(name)
    } == set()


def test_the_buckets_the_roles_and_the_dashboard_are_among_them() -> None:
    found = {logical_id for path in TEMPLATES for logical_id in named(path)}

    assert found >= {"WebhooksBucket", "FilesBucket", "DeployRole", "ExecutionRole", "Boundary", "Dashboard"}


@pytest.mark.parametrize("region", [*regions(), "us-isof-south-1"])
def test_the_longest_name_of_a_stack_makes_names_that_aws_takes(region: str) -> None:
    data = Template("infra/data.yaml", {"NamePrefix": LONGEST_NAME, "AWS::Region": region})
    github = Template(
        "infra/github-oidc.yaml",
        {"Subject": SUBJECT, "DeployedStack": LONGEST_NAME, "AWS::Region": region},
    )

    assert len(ACCOUNT) == 12
    assert all(len(resource["BucketName"]) <= 63 for resource in data.resources("AWS::S3::Bucket").values())
    assert all(len(resource["RoleName"]) <= 64 for resource in github.resources("AWS::IAM::Role").values())


@pytest.mark.parametrize(
    ("path", "parameter"), [("infra/data.yaml", "NamePrefix"), ("infra/github-oidc.yaml", "DeployedStack")]
)
def test_no_longer_name_is_taken(path: str, parameter: str) -> None:
    assert read(path)["Parameters"][parameter]["AllowedPattern"] == "[a-z0-9][a-z0-9-]{0,24}"


def test_whoever_deploys_in_a_region_cannot_change_the_deploying_roles_of_another() -> None:
    template = Template("infra/github-oidc.yaml", {"Subject": SUBJECT, "AWS::Region": "eu-west-1"})
    (policy,) = template.resources("AWS::IAM::Role")["ExecutionRole"]["Policies"]

    (denial,) = (
        statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Deny"
    )

    own = [role["RoleName"] for role in template.resources("AWS::IAM::Role").values()]
    assert [resource.rpartition("/")[2] for resource in denial["Resource"]] == sorted(
        name.replace("eu-west-1", "*") for name in own
    )
