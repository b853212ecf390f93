"""A function may call only what its role grants, as on AWS."""

import json
from collections.abc import Iterator

import pytest

from chat4all_local.cloud.functions import configuration
from tests.e2e.function_lines import invocations
from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually


@pytest.fixture
def ungranted(stage: Stage) -> Iterator[None]:
    """Take every policy from the role of `api`, and give them back."""
    role = configuration(stage.cloud, "api")["Role"].rsplit("/", 1)[-1]
    iam = stage.cloud.aws.session.client("iam", endpoint_url=stage.cloud.aws.endpoint)
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    assert policies
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    yield
    for name, policy in policies.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


@pytest.mark.usefixtures("ungranted")
def test_a_function_without_a_grant_is_refused(stage: Stage) -> None:
    answer = stage.api.call("GET", "/messages/nowhere-at-all")

    assert answer.status_code == 503
    eventually(lambda: [lines for lines in invocations(stage.cloud) if "AccessDenied" in str(lines)])


def test_the_tools_have_the_credentials_of_the_account(stage: Stage) -> None:
    sts = stage.cloud.aws.session.client("sts", endpoint_url=stage.cloud.aws.endpoint)

    assert sts.get_caller_identity()["Arn"].endswith(":root")
