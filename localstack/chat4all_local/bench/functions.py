"""The deployed functions of the product: what they are called, and what environment the template gives them."""

from typing import TYPE_CHECKING, Final

from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

NAMES: Final = (
    "api",
    "webhooks",
    "inbound",
    "router",
    "whatsapp",
    "telegram",
    "instagram",
    "status",
    "relay",
)


def configuration(cloud: Cloud, name: str) -> "FunctionConfigurationResponseTypeDef":
    return cloud.aws.functions().get_function_configuration(FunctionName=f"{cloud.stack}-{name}")


def environment(cloud: Cloud, name: str) -> dict[str, str]:
    """All that a process needs to be this function: nothing of our own environment is in it."""
    ours = configuration(cloud, name)["Environment"]["Variables"]
    return {**aws_environment(cloud), "AWS_LAMBDA_FUNCTION_NAME": f"{cloud.stack}-{name}", **ours}


def aws_environment(cloud: Cloud) -> dict[str, str]:
    """What the local cloud hands to every function."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": cloud.aws.endpoint,
        "AWS_ENDPOINT_URL_S3": cloud.aws.s3_endpoint,
        "TZ": "UTC",
    }
