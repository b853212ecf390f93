"""keys create."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import boto3
import typer

from chat4all.services.access.authenticate import SCOPES
from chat4all_local.api_keys import create_key
from chat4all_local.cli.options import StateOption, folder_at
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import connect
from chat4all_local.cloud.settings import STACK

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Create API keys."""


@app.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="The name of the key's owner; logs show it.")] = "",
    scopes: Annotated[
        str,
        typer.Option(
            help=f"The scopes, separated by commas; by default all: {', '.join(SCOPES)}.", show_default=False
        ),
    ] = ",".join(SCOPES),
    on_aws: Annotated[
        bool,
        typer.Option(
            "--on-aws", help="Create the key for the stack in your AWS account, with your AWS settings."
        ),
    ] = False,
    stack: Annotated[str, typer.Option(help="The stack's name on AWS.")] = STACK,
    state: StateOption = "",
) -> None:
    """Create an API key and print it. It cannot be shown again: only its hash is stored."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown or not wanted:
        raise typer.BadParameter(
            f"unknown scopes: {', '.join(unknown) or 'none given'}; there are {', '.join(SCOPES)}"
        )
    table, table_name = _table_on_aws(stack) if on_aws else _local_table(state)
    key_name = name or f"made {datetime.now(UTC):%Y-%m-%d}"
    typer.echo(create_key(table, table_name, key_name, wanted))


def _local_table(state: str) -> "tuple[DynamoDBClient, str]":
    cloud = connect(folder_at(state))
    return cloud.aws.dynamodb(), cloud.api_keys_table


def _table_on_aws(stack: str) -> "tuple[DynamoDBClient, str]":
    description = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    if "ApiKeysTable" not in outputs:
        raise CloudError(
            f"the stack {stack} has no table of API keys: it is not a Chat4All stack",
            "name another stack: --stack NAME",
        )
    return boto3.client("dynamodb"), outputs["ApiKeysTable"]
