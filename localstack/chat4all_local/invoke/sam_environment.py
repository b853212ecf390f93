"""The environments of the deployed functions in the form that `sam local` takes: `--env-vars`.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-local-invoke.html
"""

from typing import Final

from chat4all_local.cloud.functions import aws_environment, configuration
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import LOCALHOST

FOR_OTHERS: Final = ("API_URL", "PUBLIC_URL")
"""Given to clients and providers, who are not in the container."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")


def sam_environment(cloud: Cloud, host: str) -> dict[str, dict[str, str]]:
    """By the logical id of each function; `host` is what a container calls the machine that the cloud runs on."""
    endpoints = {name: value for name, value in aws_environment(cloud).items() if name in _ENDPOINTS}
    found = {}
    for logical_id, name in _functions(cloud).items():
        variables = {**endpoints, **configuration(cloud, name)["Environment"]["Variables"]}
        found[logical_id] = {key: _seen_from(host, key, value) for key, value in variables.items()}
    return found


def _functions(cloud: Cloud) -> dict[str, str]:
    """Logical ids with the names of the functions, `api`."""
    pages = cloud.aws.cloudformation().get_paginator("list_stack_resources").paginate(StackName=cloud.stack)
    return {
        one["LogicalResourceId"]: one.get("PhysicalResourceId", "").removeprefix(f"{cloud.stack}-")
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::Lambda::Function"
    }


def _seen_from(host: str, name: str, value: str) -> str:
    return value if name in FOR_OTHERS else value.replace(f"//{LOCALHOST}:", f"//{host}:")
