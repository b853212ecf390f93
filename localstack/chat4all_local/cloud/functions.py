"""The deployed functions: their names, and their settings in the template."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chat4all_local.aws_account import ACCESS_KEY, REGION, SECRET_KEY
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef


@dataclass(frozen=True)
class DeployedFunction:
    """A function as deployed. `name` and `layers` are without the stack's name; later layers override."""

    name: str
    arn: str
    handler: str
    timeout_s: int
    memory_mb: int
    layers: tuple[str, ...]
    variables: Mapping[str, str]


def function_names(cloud: Cloud) -> list[str]:
    pages = cloud.aws.functions().get_paginator("list_functions").paginate()
    prefix = f"{cloud.stack}-"
    names = (function["FunctionName"] for page in pages for function in page["Functions"])
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def deployed_function(cloud: Cloud, name: str) -> DeployedFunction:
    """Return the function `name`. Raises CloudError for an unknown name, with the known names as advice."""
    known = function_names(cloud)
    if name not in known:
        raise CloudError(f"there is no function {name}", f"there are: {', '.join(known)}")
    found = configuration(cloud, name)
    return DeployedFunction(
        name=name,
        arn=found["FunctionArn"],
        handler=found["Handler"],
        timeout_s=found["Timeout"],
        memory_mb=found["MemorySize"],
        layers=tuple(_layer_name(cloud, layer["Arn"]) for layer in found.get("Layers", [])),
        variables=found["Environment"]["Variables"],
    )


def configuration(cloud: Cloud, name: str) -> "FunctionConfigurationResponseTypeDef":
    return cloud.aws.functions().get_function_configuration(FunctionName=f"{cloud.stack}-{name}")


def aws_environment(cloud: Cloud) -> dict[str, str]:
    """Return the variables that the local cloud gives to every function."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": cloud.aws.endpoint,
        "AWS_ENDPOINT_URL_S3": cloud.aws.s3_endpoint,
        "TZ": "UTC",
    }


def zipped(files: Iterable[Path], folder: str = "") -> bytes:
    """Pack files for Lambda, flat in `folder` of the archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, folder + file.name)
    return packed.getvalue()


def _layer_name(cloud: Cloud, arn: str) -> str:
    """Return the short name: `core` for `arn:aws:lambda:us-east-1:000000000000:layer:chat4all-core:1`."""
    return arn.split(":")[6].removeprefix(f"{cloud.stack}-")
