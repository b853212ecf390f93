"""The workflows run the developers' commands. They deploy only by hand, with a role to fit the templates."""

from typing import Any, Final

import pytest
import yaml

from tests.integration.template import ROOT, Template, read

WORKFLOWS: Final = ROOT / ".github" / "workflows"
TEMPLATES: Final = ["template.yaml", *(f"infra/{path.name}" for path in ROOT.glob("infra/*.yaml"))]
SAM_SERVICES: Final = {"serverless": "lambda"}
ROLES: Final = Template("infra/github-oidc.yaml", {"Subject": "repo:o/r:environment:aws"})


def workflow(name: str) -> dict[str, Any]:
    # In YAML 1.1, `on` is a boolean.
    loaded: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return {("on" if key is True else str(key)): value for key, value in loaded.items()}


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def commands(name: str) -> str:
    return "\n".join(step["run"] for step in steps(name) if "run" in step)


def statements(role: str) -> list[dict[str, Any]]:
    (policy,) = ROLES.resources("AWS::IAM::Role")[role]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def allowed_services() -> set[str]:
    actions: set[str] = set()
    for statement in statements("ExecutionRole"):
        given = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        actions.update(action.split(":")[0] for action in given if statement["Effect"] == "Allow")
    return actions


def test_a_change_is_judged_as_on_ones_own_machine() -> None:
    assert commands("ci.yml") == ".ci/run"
    assert {"push", "pull_request"} == set(workflow("ci.yml")["on"])


def test_only_the_deployment_may_ask_for_an_identity_and_only_by_hand() -> None:
    assert set(workflow("deploy.yml")["on"]) == {"workflow_dispatch"}
    assert {job["environment"] for job in workflow("deploy.yml")["jobs"].values()} == {"aws"}
    asking = {
        path.name
        for path in WORKFLOWS.glob("*.yml")
        if workflow(path.name)["permissions"].get("id-token") == "write"
    }
    assert asking == {"deploy.yml"}


def test_the_deployment_checks_builds_and_gives_parameters_that_there_are() -> None:
    declared = read("template.yaml")["Parameters"]
    given = [
        word.split("=")[0] for word in commands("deploy.yml").split() if "=" in word and word[0].isupper()
    ]

    assert commands("deploy.yml").index("make check") < commands("deploy.yml").index("sam deploy")
    assert {"Runtime", "Architecture"} <= set(given)
    assert set(given) - {"ARCHITECTURE"} <= set(declared)


def test_the_role_is_for_one_subject_and_audience() -> None:
    document = ROLES.resources("AWS::IAM::Role")["DeployRole"]["AssumeRolePolicyDocument"]
    (trust,) = document["Statement"]

    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:o/r:environment:aws",
        }
    }


def test_cloudformation_may_make_every_kind_of_resource_that_the_templates_have() -> None:
    kinds = {
        resource["Type"]
        for path in TEMPLATES
        if path != "infra/github-oidc.yaml"
        for resource in _resources(read(path)["Resources"])
    }

    services = {kind.split("::")[1].lower() for kind in kinds}
    assert {SAM_SERVICES.get(service, service) for service in services} <= allowed_services()


# The actions that make, change and remove resources of these kinds, and cannot be restricted to a name:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_NAMES: Final = {
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:StopDeployment",
    "AWS::GuardDuty::MalwareProtectionPlan": "guardduty:CreateMalwareProtectionPlan guardduty:TagResource",
    "AWS::Kinesis::Stream": "kinesis:UpdateShardCount",
    "AWS::KMS::Alias": "kms:CreateAlias kms:DeleteAlias kms:ListAliases kms:UpdateAlias",
    "AWS::KMS::Key": (
        "kms:CreateKey kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags"
    ),
    "AWS::Lambda::EventSourceMapping": "lambda:CreateEventSourceMapping lambda:GetEventSourceMapping",
    "AWS::SNS::Subscription": "sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes sns:Unsubscribe",
    "AWS::WAFv2::WebACL": "wafv2:CreateWebACL wafv2:GetWebACL wafv2:ListTagsForResource wafv2:TagResource",
}


@pytest.mark.parametrize("kind", WITHOUT_NAMES)
def test_what_a_service_knows_no_name_for_is_allowed_without_one(kind: str) -> None:
    (by_id,) = (statement for statement in statements("ExecutionRole") if statement["Resource"] == "*")

    assert set(WITHOUT_NAMES[kind].split()) <= set(by_id["Action"])


def _resources(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all resources, those in loops included."""
    loops = [resource[2].values() for resource in resources.values() if isinstance(resource, list)]
    return [
        *(resource for resource in resources.values() if isinstance(resource, dict)),
        *(resource for loop in loops for resource in loop),
    ]


def test_the_workflow_itself_may_only_hand_over() -> None:
    actions = [action for statement in statements("DeployRole") for action in _listed(statement["Action"])]

    assert {action.split(":")[0] for action in actions} == {"cloudformation", "s3", "iam"}
    assert [action for action in actions if action.startswith("iam:")] == ["iam:PassRole"]


def _listed(one_or_many: str | list[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many
