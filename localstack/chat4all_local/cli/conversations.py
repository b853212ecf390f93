"""conversations create, conversations list."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from chat4all.entrypoints.http.conversations import ConversationView
from chat4all_local.cli.api_access import client
from chat4all_local.cli.options import JsonOption, StateOption
from chat4all_local.console.tables import plain_table
from chat4all_local.console.terminal import print_json, print_whole, printable

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    participants: Annotated[
        list[str], typer.Argument(metavar="USER...", help="The ids of two or more users.")
    ],
    *,
    group: Annotated[bool, typer.Option("--group", help="Create a GROUP even with two users.")] = False,
    title: Annotated[str | None, typer.Option(help="The title of the conversation.")] = None,
    channel: Annotated[str | None, typer.Option(help="The primary channel: deliveries try it first.")] = None,
    json: JsonOption = False,
    state: StateOption = "",
) -> None:
    """Create a conversation and print its id: 1:1 with two users, a GROUP with more."""
    kind = "GROUP" if group or len(participants) > 2 else "1:1"
    conversation = client(state).create_conversation(kind, participants, title=title, primary_channel=channel)
    if json:
        print_json(conversation)
    else:
        typer.echo(conversation.conversation_id)


@app.command("list")
def list_conversations(*, json: JsonOption = False, state: StateOption = "") -> None:
    """List every conversation."""
    found = list(client(state).conversations())
    if json:
        print_json(found)
    else:
        print_whole(conversations_table(found))


def conversations_table(conversations: list[ConversationView]) -> Table:
    headings = ("CONVERSATION", "TYPE", "STATE", "USERS", "LAST ACTIVITY", "TITLE")
    table = plain_table(*headings)
    for conversation in conversations:
        table.add_row(
            conversation.conversation_id,
            conversation.type,
            conversation.state,
            str(len(conversation.participants)),
            conversation.last_activity_at,
            Text(printable(conversation.title or "")),
        )
    return table
