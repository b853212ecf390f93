"""Deploy to the local cloud, if the build or a parameter has changed since the last deployment."""

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from chat4all.channels.registry import manifests
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import Build
from chat4all_local.cloud.checkout import runtime
from chat4all_local.cloud.digest import digest_of_deployment
from chat4all_local.cloud.errors import DeploymentFailed
from chat4all_local.cloud.running import aws_of
from chat4all_local.cloud.settings import (
    ALIAS,
    API_TIMEOUT,
    CONSUMER_TIMEOUT,
    DEPLOYED_WITHIN,
    FILES_TIMEOUT,
    FILES_VISIBILITY_TIMEOUT,
    FUNCTION_LOG_LEVEL,
    POLL_EVERY,
    VISIBILITY_TIMEOUT,
)
from chat4all_local.cloud.state import State
from chat4all_local.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

DIGEST_TAG = "chat4all-digest"
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NOT_BEGUN = "REVIEW_IN_PROGRESS"
_NEVER_DEPLOYED = "ROLLBACK_COMPLETE"
"""The status of a stack whose first deployment failed. CloudFormation can only delete it."""
_UNCHANGED = "didn't contain changes"
"""Part of the reason of a change set without changes, which has no code. LocalStack does not count tags."""
_UNKNOWN_STACK = "ValidationError"
"""CloudFormation's error code for it."""

Described = TypeVar("Described")


def parameters(state: State, more: Mapping[str, str]) -> dict[str, str]:
    """Return the template's parameters for this cloud; `more` are those of its backend."""
    return {
        "Runtime": runtime(),
        "Cloud": "local",
        "LogLevel": FUNCTION_LOG_LEVEL,
        "ApiTimeout": str(API_TIMEOUT),
        "ConsumerTimeout": str(CONSUMER_TIMEOUT),
        "VisibilityTimeout": str(VISIBILITY_TIMEOUT),
        "UploadTimeout": str(CONSUMER_TIMEOUT),
        "UploadVisibilityTimeout": str(VISIBILITY_TIMEOUT),
        "ApiUrl": f"{state.aws_url}/_aws/execute-api/{{api}}/api",
        "FilesTimeout": str(FILES_TIMEOUT),
        "FilesVisibilityTimeout": str(FILES_VISIBILITY_TIMEOUT),
        **{f"{channel.logical_name}BaseUrl": state.url(channel.name) for channel in manifests()},
        **more,
    }


def is_deployed(aws: Aws, stack_name: str, digest: str) -> bool:
    """Return whether the stack is complete and has the digest."""
    stack = _found(aws.cloudformation(), stack_name)
    if stack is None:
        return False
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return stack["StackStatus"] in _COMPLETE and tags.get(DIGEST_TAG) == digest


def wanted_digest(build: Build, parameters: Mapping[str, str]) -> str:
    return digest_of_deployment(build.digest, parameters)


def deploy(state: State, build: Build, parameters: Mapping[str, str]) -> None:
    """Deploy the build by a change set, to the stack with the name in `state`. Raises DeploymentFailed."""
    aws, name = aws_of(state), state.stack
    template = build.package.upload(aws)
    stacks = aws.cloudformation()
    found = _found(stacks, name)
    if found is not None and found["StackStatus"] == _NEVER_DEPLOYED:
        stacks.delete_stack(StackName=name)
        _awaited("the failed stack is gone", lambda: _found(stacks, name) is None)
        found = None
    change_set = f"chat4all-{uuid.uuid4().hex}"
    try:
        stacks.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE" if found is None or found["StackStatus"] == _NOT_BEGUN else "UPDATE",
            TemplateURL=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": DIGEST_TAG, "Value": wanted_digest(build, parameters)}],
        )
    except ClientError as error:
        raise DeploymentFailed("CloudFormation refused the template", str(error)) from error
    made = _ended(
        lambda: stacks.describe_change_set(StackName=name, ChangeSetName=change_set), lambda it: it["Status"]
    )
    if _UNCHANGED in made.get("StatusReason", ""):
        return
    if made["Status"] not in _COMPLETE:
        raise DeploymentFailed("CloudFormation refused the change", made.get("StatusReason", ""))
    earlier = {event["EventId"] for event in _events(stacks, name)}
    stacks.execute_change_set(StackName=name, ChangeSetName=change_set)
    stack = _ended(lambda: _described(stacks, name), lambda it: it["StackStatus"])
    if stack["StackStatus"] not in _COMPLETE:
        raise DeploymentFailed(
            f"the deployment ended as {stack['StackStatus']}", _failures(stacks, name, earlier)
        )


def _described(stacks: "CloudFormationClient", name: str) -> "StackTypeDef":
    return stacks.describe_stacks(StackName=name)["Stacks"][0]


def _found(stacks: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    try:
        return _described(stacks, name)
    except ClientError as error:
        if error.response["Error"]["Code"] == _UNKNOWN_STACK:
            return None
        raise


def _ended(look: Callable[[], Described], status: Callable[[Described], str]) -> Described:
    """Wait until CloudFormation has finished its work, by the status. Raises DeploymentFailed."""

    def ended() -> Described | None:
        described = look()
        return None if status(described).endswith(("_IN_PROGRESS", "_PENDING")) else described

    return _awaited("the deployment ends", ended)


def _awaited(what: str, look: Callable[[], Described | None]) -> Described:
    try:
        return wait_until(what, look, within_s=DEPLOYED_WITHIN, every_s=POLL_EVERY)
    except TimeoutError as late:
        raise DeploymentFailed(str(late), "") from late


def _events(stacks: "CloudFormationClient", name: str) -> "list[StackEventTypeDef]":
    pages = stacks.get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]]


def _failures(stacks: "CloudFormationClient", name: str, earlier: set[str]) -> str:
    """Return a line for each resource that failed, oldest first: the first failure is the cause.

    `earlier` are the ids of the events of earlier deployments.
    """
    failed = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in _events(stacks, name)
        if event.get("ResourceStatus", "").endswith("_FAILED") and event["EventId"] not in earlier
    ]
    return "\n".join(reversed(failed))


def let_live_follow(aws: Aws, stack_name: str) -> None:
    """Point the alias `live` of every function to $LATEST; the deployment points it to a version.

    A local cloud has a single release at a time, and a change of a function must take effect at once.
    """
    functions = aws.functions()
    pages = aws.cloudformation().get_paginator("list_stack_resources").paginate(StackName=stack_name)
    for resource in (summary for page in pages for summary in page["StackResourceSummaries"]):
        if resource["ResourceType"] == "AWS::Lambda::Function":
            functions.update_alias(
                FunctionName=resource["PhysicalResourceId"], Name=ALIAS, FunctionVersion="$LATEST"
            )


def outputs(aws: Aws, stack_name: str) -> Mapping[str, str]:
    """Return the outputs of the stack, by name."""
    stack = _described(aws.cloudformation(), stack_name)
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
