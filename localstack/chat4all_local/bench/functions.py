"""The functions that are measured, and what environment the template gives them."""

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
    """All that a process needs to be this function: nothing of our own environment is in it."""
    ours = configuration(cloud, name)["Environment"]["Variables"]
    return {**aws_environment(cloud), "AWS_LAMBDA_FUNCTION_NAME": f"{cloud.stack}-{name}", **ours}
