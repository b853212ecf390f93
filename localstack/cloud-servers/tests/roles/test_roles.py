import json

import pytest
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import iam, lambda_svc
from nanio.auth.credentials import StaticCredentialResolver

from ministack_server import roles
from nanio_server import role_credentials

ACCOUNT = "000000000000"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"
FUNCTION = {
    "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:chat4all-api",
    "FunctionName": "chat4all-api",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/api-role",
}
SENDING = {"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}}


@pytest.fixture
def uncorrected(with_roles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions of MiniStack and of nanio's own, which every test leaves as it found them."""
    monkeypatch.setattr(StaticCredentialResolver, "resolve", StaticCredentialResolver.resolve)
    monkeypatch.setenv("NANIO_SECRET_KEY", "test")


def _action(name: str) -> str | None:
    headers = {"x-amz-target": f"AmazonSQS.{name}"}
    action: str | None = iam_actions.extract_iam_action("sqs", "POST", "/", headers, b"{}", {})
    return action


@pytest.mark.parametrize("single", ["SendMessage", "DeleteMessage", "ChangeMessageVisibility"])
@pytest.mark.usefixtures("uncorrected")
def test_a_batch_is_authorized_as_the_action_on_one_message(single: str) -> None:
    assert _action(f"{single}Batch") == f"sqs:{single}Batch"  # the pinned version still needs the correction

    roles.install()

    assert (_action(f"{single}Batch"), _action(single)) == (f"sqs:{single}", f"sqs:{single}")


@pytest.mark.usefixtures("uncorrected")
def test_no_other_action_changes() -> None:
    before = [_action(name) for name in ("ReceiveMessage", "GetQueueAttributes")]

    roles.install()

    assert [_action(name) for name in ("ReceiveMessage", "GetQueueAttributes")] == before


@pytest.mark.usefixtures("uncorrected")
def test_a_transaction_is_authorized_by_the_action_on_each_item() -> None:
    """MiniStack does this itself."""
    items = [{"Put": {"TableName": "table"}}, {"ConditionCheck": {"TableName": "table"}}]
    body = json.dumps({"TransactItems": items}).encode()

    checks = iam_actions.dynamodb_transaction_checks(
        "dynamodb:TransactWriteItems", body, "us-east-1", ACCOUNT
    )

    assert [action for action, _ in checks] == ["dynamodb:PutItem", "dynamodb:ConditionCheckItem"]


@pytest.mark.usefixtures("uncorrected")
def test_a_function_has_the_credentials_of_its_role_and_no_other_grants() -> None:
    roles.install()
    credentials = lambda_svc.execution_credentials(FUNCTION)
    access_key = credentials["AWS_ACCESS_KEY_ID"]
    role = {
        "RoleName": "api-role",
        "InlinePolicies": {"sending": json.dumps(SENDING)},
        "AttachedPolicies": [],
    }
    iam._roles.set_scoped(ACCOUNT, None, "api-role", role)

    sending = iam_evaluator.enforce(access_key, "sqs:SendMessage", "sqs", "us-east-1", QUEUE)
    receiving = iam_evaluator.enforce(access_key, "sqs:ReceiveMessage", "sqs", "us-east-1", QUEUE)

    assert sending is None
    assert receiving.decision == "ImplicitDeny"


@pytest.mark.usefixtures("uncorrected")
def test_environments_of_a_function_have_the_same_credentials_and_versions_their_own() -> None:
    roles.install()

    latest = [lambda_runtime.execution_credentials(FUNCTION) for _ in range(2)]
    version = lambda_runtime.execution_credentials(
        {**FUNCTION, "FunctionArn": f"{FUNCTION['FunctionArn']}:1"}
    )

    assert latest[0] == latest[1]
    assert version["AWS_ACCESS_KEY_ID"] != latest[0]["AWS_ACCESS_KEY_ID"]


@pytest.mark.usefixtures("uncorrected")
def test_nanio_knows_the_secrets_of_roles_and_of_the_account_and_no_others() -> None:
    own = lambda_svc.execution_credentials(FUNCTION)
    resolver = StaticCredentialResolver({ACCOUNT: "test"})
    assert resolver.resolve(own["AWS_ACCESS_KEY_ID"]) is None  # the pinned version still needs the correction

    roles.install()
    role_credentials.install()
    credentials = lambda_svc.execution_credentials(FUNCTION)

    assert resolver.resolve(credentials["AWS_ACCESS_KEY_ID"]) == credentials["AWS_SECRET_ACCESS_KEY"]
    assert resolver.resolve(ACCOUNT) == "test"
    assert resolver.resolve("AKIAANOTHER") is None


@pytest.mark.usefixtures("uncorrected")
def test_without_enforcement_a_function_has_the_credentials_of_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "AUTH", False)

    roles.install()

    assert lambda_svc.execution_credentials(FUNCTION)["AWS_ACCESS_KEY_ID"] == ACCOUNT
