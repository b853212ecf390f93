"""A function may call only what its role grants, as on AWS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.functions import configuration
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload
from tests.e2e.function_lines import invocations
from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually


@contextmanager
def without_grants(stage: Stage, function: str) -> Iterator[None]:
    """Take every policy from the role of the function, and give them back."""
    role = configuration(stage.cloud, function)["Role"].rsplit("/", 1)[-1]
    iam = stage.cloud.aws.session.client("iam", endpoint_url=stage.cloud.aws.endpoint)
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    assert policies
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        for name, policy in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def test_a_function_without_a_grant_is_refused(stage: Stage) -> None:
    with without_grants(stage, "api"):
        answer = stage.api.call("GET", "/messages/nowhere-at-all")

    assert answer.status_code == 503
    eventually(lambda: [lines for lines in invocations(stage.cloud) if "AccessDenied" in str(lines)])
    assert stage.api.call("GET", "/messages/nowhere-at-all").status_code == 404


def test_a_link_to_a_file_opens_only_while_its_signer_may_read_the_file(stage: Stage, tmp_path: Path) -> None:
    api = ApiClient(stage.cloud.api_url, stage.cloud.api_key)
    (tmp_path / "note.txt").write_text("text")
    stored = upload(api, tmp_path / "note.txt", remembered=Remembered(tmp_path / "memory"))
    # The link leads to a presigned link of S3, signed by the function `api`.
    redirected = urllib3.request("GET", api.file_link(stored.file_id).url, redirect=False)
    link = redirected.headers["location"]

    opened = urllib3.request("GET", link)
    with without_grants(stage, "api"):
        refused = urllib3.request("GET", link)

    assert (opened.status, opened.data) == (200, b"text")
    assert (refused.status, b"AccessDenied" in refused.data) == (403, True)


def test_the_tools_have_the_credentials_of_the_account(stage: Stage) -> None:
    sts = stage.cloud.aws.session.client("sts", endpoint_url=stage.cloud.aws.endpoint)

    assert sts.get_caller_identity()["Arn"].endswith(":root")
