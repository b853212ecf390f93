"""The environments of the deployed functions, in the form of `sam local --env-vars`.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-local-invoke.html
"""

from typing import Final

from chat4all_local.cloud.functions import aws_environment, configuration
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import LOCALHOST

FOR_OTHERS: Final = ("API_URL", "PUBLIC_URL")
"""Variables for clients and providers, which run outside the container."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")


def sam_environment(cloud: Cloud, host: str) -> dict[str, dict[str, str]]:
    """Return the environment of each function by its logical id.

    Containers reach the cloud's machine as `host`.
    """
    endpoints = {name: value for name, value in aws_environment(cloud).items() if name in _ENDPOINTS}
    found = {}
    for logical_id, name in _functions(cloud).items():
        variables = {**endpoints, **configuration(cloud, name)["Environment"]["Variables"]}
        found[logical_id] = {key: _seen_from(host, key, value) for key, value in variables.items()}
    return found


def _functions(cloud: Cloud) -> dict[str, str]:
    """Return the functions' names, such as `api`, by their logical ids."""
    pages = cloud.aws.cloudformation().get_paginator("list_stack_resources").paginate(StackName=cloud.stack)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "").removeprefix(f"{cloud.stack}-")
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def _seen_from(host: str, name: str, value: str) -> str:
    return value if name in FOR_OTHERS else value.replace(f"//{LOCALHOST}:", f"//{host}:")
