"""Deploys the bare pipeline to a running local cloud, and removes it with its workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chat4all_local.cloud.functions import configuration, zipped
from chat4all_local.cloud.running import Cloud

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import WaiterConfigTypeDef
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

STACK: Final = "bare"
_HERE: Final = Path(__file__).parent
_CODE_KEY: Final = "functions.zip"
_WAITER_CONFIG: Final["WaiterConfigTypeDef"] = {"Delay": 1, "MaxAttempts": 60}


@dataclass(frozen=True)
class BareStack:
    """The deployed bare pipeline.

    `url` takes POSTs. `queues` are URLs, in the order in which a message passes them. `router` reads the
    first.
    """

    url: str
    table: str
    router: str
    queues: tuple[str, str]


@contextmanager
def deployed(cloud: Cloud) -> Iterator[BareStack]:
    """Deploy the bare pipeline with the layer, runtime and memory of the product's `api` function."""
    storage, formation = cloud.aws.deployment_s3(), cloud.aws.cloudformation()
    bucket = f"{STACK}-code"
    storage.create_bucket(Bucket=bucket)
    try:
        storage.put_object(
            Bucket=bucket, Key=_CODE_KEY, Body=zipped(sorted((_HERE / "functions").glob("*.py")))
        )
        like = configuration(cloud, "api")
        given = {**_like(like), "CodeBucket": bucket, "CodeKey": _CODE_KEY}
        formation.create_stack(
            StackName=STACK,
            TemplateBody=(_HERE / "template.yaml").read_text(),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        try:
            formation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=_WAITER_CONFIG)
            yield _stack(cloud)
        finally:
            _delete_functions(cloud)
            formation.delete_stack(StackName=STACK)
            formation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig=_WAITER_CONFIG)
    finally:
        storage.delete_object(Bucket=bucket, Key=_CODE_KEY)
        storage.delete_bucket(Bucket=bucket)


def _delete_functions(cloud: Cloud) -> None:
    """Delete each function explicitly, because MiniStack keeps the workers of a deleted stack."""
    functions = cloud.aws.functions()
    for function in functions.list_functions()["Functions"]:
        if function["FunctionName"].startswith(f"{STACK}-"):
            functions.delete_function(FunctionName=function["FunctionName"])


def _like(api: "FunctionConfigurationResponseTypeDef") -> dict[str, str]:
    return {
        "Runtime": api["Runtime"],
        "MemorySize": str(api["MemorySize"]),
        "Layer": api["Layers"][0]["Arn"],
    }


def _stack(cloud: Cloud) -> BareStack:
    description = cloud.aws.cloudformation().describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}
    return BareStack(
        url=f"{cloud.aws.endpoint}/_aws/execute-api/{outputs['ApiId']}/{STACK}/messages",
        table=outputs["Table"],
        router=f"{STACK}-route",
        queues=(outputs["AcceptedQueue"], outputs["RoutedQueue"]),
    )
