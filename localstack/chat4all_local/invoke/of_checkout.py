"""A deployed function, run with the sources of the checkout and otherwise as deployed."""

from pathlib import Path
from typing import Final

from chat4all.channels.registry import names
from chat4all_local.cloud.build import newest_build
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.errors import NotSetUp
from chat4all_local.cloud.functions import DeployedFunction, aws_environment, deployed_function
from chat4all_local.cloud.running import Cloud
from chat4all_local.invoke.execution import Execution

CHANNEL_FOLDER: Final = "channel"
"""The folder of every channel's function. The environment names the channel."""


def execution_of(cloud: Cloud, name: str) -> Execution:
    """Return the execution of the function `name` with the sources of the checkout.

    The sources are the function's folder in `functions/` and the chat4all package. Their dependencies come
    from the layers of the last build. Raises CloudError.
    """
    function = deployed_function(cloud, name)
    return Execution(
        folder=ROOT / "functions" / (CHANNEL_FOLDER if name in names() else name),
        import_path=(ROOT / "layers" / "core", *_dependencies(function)),
        handler=function.handler,
        arn=function.arn,
        timeout_s=function.timeout_s,
        environment={
            **aws_environment(cloud),
            "AWS_LAMBDA_FUNCTION_NAME": f"{cloud.stack}-{name}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{cloud.stack}-{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            **function.variables,
        },
    )


def _dependencies(function: DeployedFunction) -> list[Path]:
    build = newest_build()
    if build is None:
        raise NotSetUp("the layers are not built", "run: chat4all down, then chat4all up --detach")
    return [build.layer(name) for name in function.layers]
