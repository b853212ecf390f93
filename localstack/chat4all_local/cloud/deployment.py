"""`sam deploy` to the local cloud, only when something changed since it was last deployed there."""

import os
import shutil
from collections.abc import Mapping

from botocore.exceptions import ClientError

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.build import Build
from chat4all_local.cloud.checkout import ROOT, program, runtime
from chat4all_local.cloud.digest import digest_of_deployment
from chat4all_local.cloud.environment import tool_environment
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.settings import (
    API_TIMEOUT,
    ARTIFACTS_BUCKET,
    CONSUMER_TIMEOUT,
    FILES_TIMEOUT,
    FILES_VISIBILITY_TIMEOUT,
    FUNCTION_LOG_LEVEL,
    STACK,
    VISIBILITY_TIMEOUT,
)
from chat4all_local.cloud.state import State
from chat4all_local.cloud.tools import run_tool

DIGEST_TAG = "chat4all-digest"
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def parameters(state: State) -> dict[str, str]:
    """The template's parameters for this cloud."""
    return {
        "Runtime": runtime(),
        "Cloud": "local",
        "LogLevel": FUNCTION_LOG_LEVEL,
        "ApiTimeout": str(API_TIMEOUT),
        "ConsumerTimeout": str(CONSUMER_TIMEOUT),
        "VisibilityTimeout": str(VISIBILITY_TIMEOUT),
        "UploadTimeout": str(CONSUMER_TIMEOUT),
        "UploadVisibilityTimeout": str(VISIBILITY_TIMEOUT),
        "ApiUrl": f"{state.url('ministack')}/_aws/execute-api/{{api}}/api",
        "FilesTimeout": str(FILES_TIMEOUT),
        "FilesVisibilityTimeout": str(FILES_VISIBILITY_TIMEOUT),
        "WhatsAppBaseUrl": state.url("whatsapp"),
        "TelegramBaseUrl": state.url("telegram"),
        "InstagramBaseUrl": state.url("instagram"),
    }


def is_deployed(aws: Aws, digest: str) -> bool:
    """Whether the stack stands complete as `digest` says."""
    try:
        stack = aws.cloudformation().describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if (
            error.response["Error"]["Code"] == "ValidationError"
        ):  # what CloudFormation says of an unknown stack
            return False
        raise
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return stack["StackStatus"] in _COMPLETE and tags.get(DIGEST_TAG) == digest


def wanted_digest(build: Build, state: State) -> str:
    return digest_of_deployment(build.digest, parameters(state))


def deploy(folder: StateFolder, state: State, aws: Aws, build: Build) -> None:
    """Raises ToolFailed."""
    storage = aws.deployment_s3()
    storage.create_bucket(Bucket=ARTIFACTS_BUCKET)
    command = [str(program(".envs/sam", "sam")), "deploy"]
    command += ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command += ["--template-file", str(build.template), "--s3-bucket", ARTIFACTS_BUCKET]
    command += ["--tags", f"{DIGEST_TAG}={wanted_digest(build, state)}"]
    command += ["--parameter-overrides", *_overrides(parameters(state))]
    environment = tool_environment(
        # SAM leaves its temporary folders behind: where they are removed with the rest.
        state.run,
        {"AWS_ENDPOINT_URL": aws.endpoint, "TMPDIR": str(folder.tmp)},
    )
    run_tool("sam deploy", command, environment, folder.logs / "sam-deploy.log", ROOT)


def _overrides(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def api_id(aws: Aws) -> str:
    stack = aws.cloudformation().describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return outputs["ApiId"]


def remember_before(folder: StateFolder) -> None:
    """Keeps MiniStack's data as they were before a deployment.

    MiniStack writes its state when it is told to stop, also in the middle of a deployment, which it cannot take
    up again. It replaces files and never changes one, so links to them are a copy.
    """
    shutil.rmtree(folder.before_deployment, ignore_errors=True)
    unfinished = folder.before_deployment.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder.ministack, unfinished, copy_function=_link)
    unfinished.rename(folder.before_deployment)


def forget_before(folder: StateFolder) -> None:
    shutil.rmtree(folder.before_deployment, ignore_errors=True)


def undo_interrupted(folder: StateFolder) -> None:
    """A deployment that did not come to its end never was."""
    if folder.before_deployment.exists():
        shutil.rmtree(folder.ministack, ignore_errors=True)
        folder.before_deployment.rename(folder.ministack)


def _link(source: str, target: str) -> str:
    os.link(source, target)
    return target
