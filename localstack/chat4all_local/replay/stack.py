"""The stack to replay from: the local cloud's stack, or a stack in the user's AWS account."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import ALIAS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Stack:
    name: str
    cloudformation: "CloudFormationClient"
    kinesis: "KinesisClient"
    functions: "LambdaClient"
    sqs: "SQSClient"

    @property
    def router(self) -> str:
        """Return the router's name with its alias, as other callers use it."""
        return f"{self.name}-router:{ALIAS}"

    def stream(self) -> str:
        """Return the name of the stream chat-events. Raises CloudError if the stack has none."""
        description = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        for output in description.get("Outputs", []):
            if output["OutputKey"] == "ChatEventsStream":
                return output["OutputValue"]
        raise CloudError(
            f"{self.name} runs with EventStream=sqs: SQS keeps no events that could be replayed",
            "deploy it with EventStream=kinesis;"
            " locally: chat4all up --backend localstack --event-stream kinesis",
        )


def local(cloud: Cloud) -> Stack:
    aws = cloud.aws
    return Stack(cloud.stack, aws.cloudformation(), aws.kinesis(), aws.functions(), aws.sqs())


def on_aws(name: str) -> Stack:
    return Stack(
        name,
        boto3.client("cloudformation"),
        boto3.client("kinesis"),
        boto3.client("lambda"),
        boto3.client("sqs"),
    )
