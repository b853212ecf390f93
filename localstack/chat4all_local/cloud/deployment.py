"""`sam deploy` to the local cloud, if the build or a parameter has changed since the last deployment."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from chat4all.channels.registry import manifests
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import Build
from chat4all_local.cloud.checkout import ROOT, program, runtime
from chat4all_local.cloud.digest import digest_of_deployment
from chat4all_local.cloud.environment import tool_environment
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.running import aws_of
from chat4all_local.cloud.settings import (
    ALIAS,
    API_TIMEOUT,
    ARTIFACTS_BUCKET,
    CONSUMER_TIMEOUT,
    FILES_TIMEOUT,
    FILES_VISIBILITY_TIMEOUT,
    FUNCTION_LOG_LEVEL,
    VISIBILITY_TIMEOUT,
)
from chat4all_local.cloud.state import State
from chat4all_local.cloud.tools import run_tool

DIGEST_TAG = "chat4all-digest"
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


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
    try:
        stack = aws.cloudformation().describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if (
            error.response["Error"]["Code"] == "ValidationError"
        ):  # CloudFormation's error code for an unknown stack
            return False
        raise
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return stack["StackStatus"] in _COMPLETE and tags.get(DIGEST_TAG) == digest


def wanted_digest(build: Build, parameters: Mapping[str, str]) -> str:
    return digest_of_deployment(build.digest, parameters)


def deploy(folder: StateFolder, state: State, build: Build, parameters: Mapping[str, str]) -> None:
    """Deploy the stack with the name in `state`. Raises ToolFailed."""
    aws = aws_of(state)
    storage = aws.deployment_s3()
    storage.create_bucket(Bucket=ARTIFACTS_BUCKET)
    command = [str(program(".envs/sam", "sam")), "deploy"]
    command += ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command += ["--stack-name", state.stack]
    command += ["--template-file", str(build.template), "--s3-bucket", ARTIFACTS_BUCKET]
    command += ["--tags", f"{DIGEST_TAG}={wanted_digest(build, parameters)}"]
    command += ["--parameter-overrides", *_overrides(parameters)]
    environment = tool_environment(
        # SAM does not remove its temporary folders. The cloud's own folder for temporary files is emptied.
        state.run,
        {"AWS_ENDPOINT_URL": aws.endpoint, "TMPDIR": str(folder.tmp)},
    )
    run_tool("sam deploy", command, environment, folder.logs / "sam-deploy.log", ROOT)


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


def _overrides(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def outputs(aws: Aws, stack_name: str) -> Mapping[str, str]:
    """Return the outputs of the stack, by name."""
    stack = aws.cloudformation().describe_stacks(StackName=stack_name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
