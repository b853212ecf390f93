"""The functions' roles as AWS checks them. They are enforced if MiniStack runs with AUTH=true.

MiniStack authorizes a batch of SQS as an action of its own, such as sqs:SendMessageBatch. AWS has no such
actions: it authorizes a batch as the action on a single message. And MiniStack makes up the secret of a
function's credentials, so that nanio could not check what the function signs (see `role_keys`).
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Final

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.services import lambda_svc, sts

from ministack_server.role_keys import PREFIX, secret_of

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
ACTIONS_OF_BATCHES: Final[Mapping[str, str]] = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

_extract_action = iam_actions.extract_iam_action
_account_credentials = lambda_runtime.execution_credentials


def install() -> None:
    """Replace MiniStack's names of actions, and its credentials of functions."""
    iam_actions.extract_iam_action = _action
    lambda_runtime.execution_credentials = _execution_credentials
    lambda_svc.execution_credentials = _execution_credentials


def _action(*request: object) -> str | None:
    """Return the IAM action of a request, such as sqs:SendMessage; None if MiniStack knows none."""
    action: str | None = _extract_action(*request)
    return None if action is None else ACTIONS_OF_BATCHES.get(action, action)


def _execution_credentials(function: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with the credentials of the function's role, and let MiniStack accept them.

    Environments of one function that start at the same time get the same credentials.
    """
    if not app.AUTH:
        account: dict[str, str] = _account_credentials(function)
        return account
    arn, role, name = function["FunctionArn"], function["Role"], function["FunctionName"]
    account_id, role_name = role.split(":")[4], role.rsplit("/", 1)[-1]
    access_key = PREFIX + hashlib.sha256(f"{arn} {role}".encode()).hexdigest()[:16].upper()
    secret = secret_of(access_key, os.environ["AWS_SECRET_ACCESS_KEY"])
    token = secret_of(f"token of {access_key}", secret)
    session = {
        "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{name}",
        "UserId": f"{role_name}:{name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(access_key, session)
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
