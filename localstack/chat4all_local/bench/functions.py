"""The functions that are measured, and the environment that the template gives them."""

from typing import Final

from chat4all_local.cloud.functions import aws_environment, configuration
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import CHANNELS

NAMES: Final = (
    "api",
    "webhooks",
    "inbound",
    "router",
    *CHANNELS,
    "status",
    "relay",
)


def environment(cloud: Cloud, name: str) -> dict[str, str]:
    """Return the whole environment of a function's process, with nothing from this process's environment."""
    ours = configuration(cloud, name)["Environment"]["Variables"]
    return {**aws_environment(cloud), "AWS_LAMBDA_FUNCTION_NAME": f"{cloud.stack}-{name}", **ours}
